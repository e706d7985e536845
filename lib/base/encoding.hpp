// Base64 (RFC 4648 section 4 and 5) and hex. Decoders are strict: a byte outside the alphabet fails.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alk {

enum class Padding { Keep, Omit };

std::string base64_encode(std::string_view bytes, Padding padding = Padding::Keep);
std::string base64url_encode(std::string_view bytes);               // without padding
std::optional<std::string> base64_decode(std::string_view text);    // padding required where due
std::optional<std::string> base64url_decode(std::string_view text); // padding refused

std::string hex_encode(std::string_view bytes); // lower case
std::optional<std::string> hex_decode(std::string_view text);

} // namespace alk
