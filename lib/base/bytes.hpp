// Bounded reading and writing of binary messages (SSH wire types of RFC 4251 section 5, network byte order).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace alk {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Every getter fails (nullopt) instead of reading past the end; nothing is consumed by a failed read.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}
  explicit ByteReader(std::string_view text) : rest_(as_bytes(text)) {}

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<std::uint64_t> u64();
  std::optional<std::span<const std::byte>> take(std::size_t count);
  // RFC 4251 "string": u32 length, then that many bytes; longer than `limit` fails.
  std::optional<std::string_view> string(std::size_t limit);

  std::size_t left() const { return rest_.size(); }
  bool done() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u16(std::uint16_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  ByteWriter& raw(std::string_view bytes);
  ByteWriter& string(std::string_view bytes); // RFC 4251 "string"

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

} // namespace alk
