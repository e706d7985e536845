#include "base/bytes.hpp"

namespace alk {

template <class T>
static std::optional<T> read_big_endian(std::span<const std::byte>& rest) {
  if (rest.size() < sizeof(T)) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = (value << 8) | std::to_integer<std::uint64_t>(rest[i]);
  rest = rest.subspan(sizeof(T));
  return static_cast<T>(value);
}

std::optional<std::uint8_t> ByteReader::u8() {
  return read_big_endian<std::uint8_t>(rest_);
}
std::optional<std::uint16_t> ByteReader::u16() {
  return read_big_endian<std::uint16_t>(rest_);
}
std::optional<std::uint32_t> ByteReader::u32() {
  return read_big_endian<std::uint32_t>(rest_);
}
std::optional<std::uint64_t> ByteReader::u64() {
  return read_big_endian<std::uint64_t>(rest_);
}

std::optional<std::span<const std::byte>> ByteReader::take(std::size_t count) {
  if (rest_.size() < count) return std::nullopt;
  auto taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

std::optional<std::string_view> ByteReader::string(std::size_t limit) {
  ByteReader ahead = *this;
  auto length = ahead.u32();
  if (!length || *length > limit) return std::nullopt;
  auto body = ahead.take(*length);
  if (!body) return std::nullopt;
  *this = ahead;
  return as_text(*body);
}

static void append_big_endian(std::string& bytes, std::uint64_t value, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>((value >> shift) & 0xff));
}

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  append_big_endian(bytes_, value, 1);
  return *this;
}
ByteWriter& ByteWriter::u16(std::uint16_t value) {
  append_big_endian(bytes_, value, 2);
  return *this;
}
ByteWriter& ByteWriter::u32(std::uint32_t value) {
  append_big_endian(bytes_, value, 4);
  return *this;
}
ByteWriter& ByteWriter::u64(std::uint64_t value) {
  append_big_endian(bytes_, value, 8);
  return *this;
}
ByteWriter& ByteWriter::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}
ByteWriter& ByteWriter::string(std::string_view bytes) {
  return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

} // namespace alk
