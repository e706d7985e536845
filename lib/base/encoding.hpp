// Base64 (RFC 4648 section 4 and 5) and hex. Decoders are strict: a byte outside the alphabet fails.
#pragma once

#include "base/secret_bytes.hpp"

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

// The same for what must not be left behind: nothing of it is in memory that is not wiped.
SecretBytes base64_encode_secret(std::string_view bytes);
SecretBytes base64url_encode_secret(std::string_view bytes);
std::optional<SecretBytes> base64_decode_secret(std::string_view text);
SecretBytes hex_encode_secret(std::string_view bytes);

} // namespace alk
