#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace alk {

static constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static std::size_t base64_size(std::size_t bytes, Padding padding) {
  return padding == Padding::Keep ? (bytes + 2) / 3 * 4 : (bytes * 4 + 2) / 3;
}

// Of base64_size() characters, from the first to the last, to `put`.
template <class Put>
static void encode(std::string_view bytes, std::string_view alphabet, Padding padding, Put put) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = (group << 8) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < count + 1; ++k) put(alphabet[(group >> (18 - 6 * k)) & 63]);
    for (std::size_t k = count; k < 3 && padding == Padding::Keep; ++k) put('=');
  }
}

// At most three bytes for each four characters, to `put`. Whether it was the alphabet's, and canonical.
template <class Put>
static bool decode(std::string_view text, std::string_view alphabet, Put put) {
  if (text.size() % 4 == 1) return false;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char c : text) {
    auto value = alphabet.find(c);
    if (value == std::string_view::npos) return false;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      put(static_cast<char>((group >> bits) & 0xff));
    }
  }
  // Left-over bits must be zero, or two texts would decode to the same bytes.
  return (group & ((1u << bits) - 1)) == 0;
}

static std::string encoded_text(std::string_view bytes, std::string_view alphabet, Padding padding) {
  std::string text;
  text.reserve(base64_size(bytes.size(), padding));
  encode(bytes, alphabet, padding, [&](char c) { text.push_back(c); });
  return text;
}

static SecretBytes encoded_secret(std::string_view bytes, std::string_view alphabet, Padding padding) {
  SecretBytes text(base64_size(bytes.size(), padding));
  auto* at = text.bytes().data();
  encode(bytes, alphabet, padding, [&](char c) { *at++ = static_cast<std::byte>(c); });
  return text;
}

static std::optional<std::string> decoded_text(std::string_view text, std::string_view alphabet) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  if (!decode(text, alphabet, [&](char c) { bytes.push_back(c); })) return std::nullopt;
  return bytes;
}

// Padding is required where due; nullopt where it cannot be right.
static std::optional<std::string_view> without_padding(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return text;
}

std::string base64_encode(std::string_view bytes, Padding padding) {
  return encoded_text(bytes, standard_alphabet, padding);
}

std::string base64url_encode(std::string_view bytes) {
  return encoded_text(bytes, url_alphabet, Padding::Omit);
}

std::optional<std::string> base64_decode(std::string_view text) {
  auto bare = without_padding(text);
  return bare ? decoded_text(*bare, standard_alphabet) : std::nullopt;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  return decoded_text(text, url_alphabet);
}

SecretBytes base64_encode_secret(std::string_view bytes) {
  return encoded_secret(bytes, standard_alphabet, Padding::Keep);
}

SecretBytes base64url_encode_secret(std::string_view bytes) {
  return encoded_secret(bytes, url_alphabet, Padding::Omit);
}

std::optional<SecretBytes> base64_decode_secret(std::string_view text) {
  auto bare = without_padding(text);
  if (!bare) return std::nullopt;
  SecretBytes room(bare->size() / 4 * 3 + 2);
  std::size_t size = 0;
  if (!decode(*bare, standard_alphabet, [&](char c) { room.bytes()[size++] = static_cast<std::byte>(c); }))
    return std::nullopt;
  return SecretBytes(room.view().substr(0, size));
}

template <class Put>
static void encode_hex(std::string_view bytes, Put put) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (char c : bytes) {
    auto value = static_cast<unsigned char>(c);
    put(digits[value >> 4]);
    put(digits[value & 15]);
  }
}

std::string hex_encode(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  encode_hex(bytes, [&](char c) { text.push_back(c); });
  return text;
}

SecretBytes hex_encode_secret(std::string_view bytes) {
  SecretBytes text(bytes.size() * 2);
  auto* at = text.bytes().data();
  encode_hex(bytes, [&](char c) { *at++ = static_cast<std::byte>(c); });
  return text;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

} // namespace alk
