// Status lines, heads and error pages as nginx 1.22 with `server_tokens off` writes them.
#pragma once

#include "http_head.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::listend {

// In the order in which nginx writes them; what is empty is left out.
struct ResponseHead {
  int status = 200;
  std::string content_type;
  std::optional<std::uint64_t> content_length;
  std::optional<std::time_t> last_modified;
  std::string location;
  bool keep_alive = false;
  std::vector<std::pair<std::string_view, std::string>> more; // behind Connection
};

std::string format_head(const ResponseHead& head, std::time_t now);

// The page of an error or redirect, body included; also for 494 and 497, which go out as 400. `padded`: for
// the browsers that nginx pads 4xx and 5xx pages for.
std::string_view status_on_wire(int status); // "404 Not Found"
std::string error_page(int status, bool padded);

// After these nginx ends the connection, whatever the peer asked for.
bool ends_connection(int status);

} // namespace alk::listend
