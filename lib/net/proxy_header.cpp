#include "net/proxy_header.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "loop/asio.hpp"

#include <algorithm>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

namespace alk::net {

namespace {
using State = ProxyHeader::State;
using Origin = ProxyHeader::Origin;

constexpr std::string_view v1_opening = "PROXY ";
constexpr std::string_view v2_opening("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v1_least = 15; // "PROXY UNKNOWN\r\n"
constexpr std::size_t v2_fixed = 16;

enum Command : unsigned { local = 0x20, proxy = 0x21 }; // with the version
enum Family : unsigned { unspec = 0, inet = 1, inet6 = 2, unix_socket = 3 };
enum Protocol : unsigned { stream = 1, dgram = 2 };
constexpr std::size_t address_sizes[] = {0, 12, 36, 216}; // by family
constexpr std::uint8_t tlv_crc32c = 0x03;

ProxyHeader need(std::size_t wanted) {
  return {State::NeedMore, wanted, 0, Origin::Unknown, {}};
}

ProxyHeader ended(State state) {
  return {state, 0, 0, Origin::Unknown, {}};
}

ProxyHeader done(std::size_t size, Origin origin) {
  return {State::Done, 0, size, origin, {}};
}

ProxyHeader done(std::size_t size, const Address& source) {
  return {State::Done, 0, size, Origin::Client, source};
}

bool agrees(std::string_view bytes, std::string_view opening) {
  const auto compared = std::min(bytes.size(), opening.size());
  return bytes.substr(0, compared) == opening.substr(0, compared);
}

// Decimal without leading zeros.
std::optional<std::uint16_t> parse_port_field(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_port(text);
}

// "TCP4 SOURCE DESTINATION PORT PORT", the line behind "PROXY ".
std::optional<Address> parse_v1_fields(std::string_view line) {
  const auto fields = split(line, ' ');
  if (fields.size() != 5) return std::nullopt;
  const bool v6 = fields[0] == "TCP6";
  if (!v6 && fields[0] != "TCP4") return std::nullopt;
  const auto source_port = parse_port_field(fields[3]), port = parse_port_field(fields[4]);
  if (!source_port || !port) return std::nullopt;
  for (auto text : {fields[1], fields[2]})
    if ((text.find(':') != text.npos) != v6 || !parse_address(text, 0)) return std::nullopt;
  return parse_address(fields[1], *source_port);
}

ProxyHeader parse_v1(std::string_view bytes) {
  const auto end = bytes.find('\r');
  if (bytes.find('\n') < end) return ended(State::Malformed); // however it was cut
  if (end == bytes.npos) {
    if (bytes.size() + 2 > proxy_v1_limit) return ended(State::Malformed);
    return need(std::max(bytes.size() + 2, v1_least));
  }
  if (end + 2 > proxy_v1_limit) return ended(State::Malformed);
  if (bytes.size() == end + 1) return need(std::max(end + 2, v1_least));
  if (bytes[end + 1] != '\n') return ended(State::Malformed);
  const auto line = bytes.substr(v1_opening.size(), end - v1_opening.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return done(end + 2, Origin::Unknown);
  const auto source = parse_v1_fields(line);
  return source ? done(end + 2, *source) : ended(State::Malformed);
}

// RFC 3720 section 12.1 and appendix B.4, of the header with the four bytes at `checksum` taken for zero.
std::uint32_t crc32c(std::string_view header, std::size_t checksum) {
  constexpr std::uint32_t reflected_polynomial = 0x82f63b78;
  std::uint32_t crc = ~0U;
  for (std::size_t at = 0; at < header.size(); ++at) {
    const bool zero = at >= checksum && at < checksum + 4;
    crc ^= zero ? 0U : static_cast<unsigned char>(header[at]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1U) != 0 ? reflected_polynomial : 0U);
  }
  return ~crc;
}

// Section 2.2: type, length, value, to the end. Only a checksum means something here.
bool good_tlvs(std::string_view header, std::size_t begin) {
  ByteReader reader(header.substr(begin));
  while (!reader.done()) {
    const auto type = reader.u8();
    const auto length = reader.u16();
    if (!length || reader.left() < *length) return false;
    const std::size_t at = header.size() - reader.left();
    if (*type != tlv_crc32c) {
      reader.take(*length);
      continue;
    }
    const auto given = *length == 4 ? reader.u32() : std::nullopt;
    if (!given || *given != crc32c(header, at)) return false;
  }
  return true;
}

Address address_in(std::string_view block, unsigned family) {
  if (family == inet) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    std::copy_n(block.data(), 4, reinterpret_cast<char*>(&in.sin_addr));
    std::copy_n(block.data() + 8, 2, reinterpret_cast<char*>(&in.sin_port));
    return *address_from(reinterpret_cast<const sockaddr*>(&in), sizeof in);
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  std::copy_n(block.data(), 16, reinterpret_cast<char*>(&in.sin6_addr));
  std::copy_n(block.data() + 32, 2, reinterpret_cast<char*>(&in.sin6_port));
  return *address_from(reinterpret_cast<const sockaddr*>(&in), sizeof in);
}

// The fixed part alone can be malformed; what it announces is then waited for.
ProxyHeader parse_v2(std::string_view bytes) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() > 12 && byte(12) != local && byte(12) != proxy) return ended(State::Malformed);
  if (bytes.size() < v2_fixed) return need(v2_fixed);
  const bool of_proxy = byte(12) == local; // the rest of such a header is to be skipped, whatever it is
  const unsigned family = byte(13) >> 4, protocol = byte(13) & 15U;
  const std::size_t length = static_cast<std::size_t>(byte(14)) << 8 | byte(15);
  if (length > proxy_v2_limit) return ended(State::Malformed);
  if (!of_proxy && (family > unix_socket || protocol > dgram || length < address_sizes[family]))
    return ended(State::Malformed);
  const std::size_t size = v2_fixed + length;
  if (bytes.size() < size) return need(size);
  if (of_proxy) return done(size, Origin::Proxy);
  if (family == unspec || protocol == 0) return done(size, Origin::Unknown); // to be skipped likewise
  if (!good_tlvs(bytes.substr(0, size), v2_fixed + address_sizes[family])) return ended(State::Malformed);
  if (protocol != stream || family == unix_socket) return done(size, Origin::Unknown);
  return done(size, address_in(bytes.substr(v2_fixed), family));
}

} // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return need(v1_least);
  if (agrees(bytes, v1_opening)) return bytes.size() < v1_opening.size() ? need(v1_least) : parse_v1(bytes);
  if (agrees(bytes, v2_opening)) return parse_v2(bytes);
  return ended(State::Missing);
}

Task<Result<ProxyHeader>> read_proxy_header(Stream& stream, std::chrono::steady_clock::time_point deadline) {
  std::string bytes;
  for (;;) {
    const ProxyHeader header = parse_proxy_header(bytes);
    if (header.state == State::Done) co_return header;
    if (header.state == State::Missing) co_return fail(Kind::Invalid, "missing");
    if (header.state == State::Malformed) co_return fail(Kind::Invalid, "malformed");
    const auto had = bytes.size();
    bytes.resize(header.wanted);
    const auto moved = stream.read(std::as_writable_bytes(std::span(bytes)).subspan(had));
    bytes.resize(had + (moved.state == Transfer::State::Done ? moved.count : 0));
    if (moved.state == Transfer::State::End || moved.state == Transfer::State::Failed) {
      if (bytes.empty()) co_return fail(Kind::NotFound, "empty");
      co_return fail(Kind::Gone, "incomplete");
    }
    if (moved.state != Transfer::State::Again) continue;
    const auto outcome = co_await ready_until(stream, Direction::Read, deadline);
    if (outcome == Wait::Timeout) co_return fail(Kind::Busy, "timeout");
    if (outcome == Wait::Cancelled) co_return fail(Kind::Gone, "incomplete");
  }
}

} // namespace alk::net
