// Dates of HTTP (RFC 9110 section 5.6.7).
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace alk::listend {

std::string format_http_time(std::time_t time); // "Sun, 06 Nov 1994 08:49:37 GMT"

// All three forms of RFC 9110, read as loosely as nginx does: names of days are not looked at, of months
// barely.
std::optional<std::time_t> parse_http_time(std::string_view text);

} // namespace alk::listend
