#include "net/socks5_client.hpp"

#include "base/bytes.hpp"
#include "net/address.hpp"

#include <algorithm>

namespace alk::net {

namespace {
constexpr std::uint8_t socks_version = 5;
constexpr std::uint8_t socks_login_version = 1; // of the negotiation of RFC 1929
constexpr std::uint8_t socks_connect_command = 1;
constexpr std::uint8_t socks_ipv4 = 1, socks_name = 3, socks_ipv6 = 4;
constexpr std::size_t socks_name_limit = 255;

SocksAnswer malformed_socks() {
  return {SocksAnswer::State::Malformed, 0, 0};
}

// Two bytes, of which the first is known.
SocksAnswer read_socks_pair(std::string_view bytes, std::uint8_t first) {
  ByteReader reader(bytes);
  const auto version = reader.u8();
  if (version && *version != first) return malformed_socks();
  const auto code = reader.u8();
  if (!code) return {SocksAnswer::State::NeedMore, 2, 0};
  return {SocksAnswer::State::Done, 0, *code};
}
} // namespace

std::string socks_greeting(bool with_password) {
  ByteWriter out;
  out.u8(socks_version).u8(with_password ? 2 : 1).u8(static_cast<std::uint8_t>(SocksMethod::None));
  if (with_password) out.u8(static_cast<std::uint8_t>(SocksMethod::Password));
  return out.take();
}

Result<SecretBytes> socks_login(std::string_view user, std::string_view password) {
  for (std::string_view text : {user, password})
    if (text.empty() || text.size() > socks_login_limit)
      return fail(Kind::Invalid, "user and password of SOCKS5 have 1 to 255 bytes");
  SecretBytes message(3 + user.size() + password.size());
  auto at = message.bytes().begin();
  *at++ = std::byte{socks_login_version};
  for (std::string_view text : {user, password}) {
    *at++ = static_cast<std::byte>(text.size());
    at = std::ranges::copy(as_bytes(text), at).out;
  }
  return message;
}

Result<std::string> socks_connect(std::string_view host, std::uint16_t port) {
  ByteWriter out;
  out.u8(socks_version).u8(socks_connect_command).u8(0);
  if (const auto address = parse_address(host, port)) {
    const bool v4 = address->size == 4;
    out.u8(v4 ? socks_ipv4 : socks_ipv6);
    out.raw({reinterpret_cast<const char*>(address->bytes.data()), address->size});
  } else {
    if (host.empty() || host.size() > socks_name_limit) return fail(Kind::Invalid, "not a host name");
    out.u8(socks_name).u8(static_cast<std::uint8_t>(host.size())).raw(host);
  }
  return out.u16(port).take();
}

SocksAnswer read_socks_method(std::string_view bytes) {
  return read_socks_pair(bytes, socks_version);
}

SocksAnswer read_socks_login(std::string_view bytes) {
  return read_socks_pair(bytes, socks_login_version);
}

// The address says how long the reply is; a refusal has one as well.
SocksAnswer read_socks_connect(std::string_view bytes) {
  constexpr std::size_t head = 4, port = 2;
  ByteReader reader(bytes);
  const auto version = reader.u8();
  if (version && *version != socks_version) return malformed_socks();
  const auto code = reader.u8();
  const auto reserved = reader.u8();
  const auto type = reader.u8();
  if (!code || !reserved || !type) return {SocksAnswer::State::NeedMore, head, 0};
  std::size_t size = head + port;
  if (*type == socks_ipv4) {
    size += 4;
  } else if (*type == socks_ipv6) {
    size += 16;
  } else if (*type == socks_name) {
    const auto length = reader.u8();
    if (!length) return {SocksAnswer::State::NeedMore, head + 1, 0};
    size += 1 + std::size_t{*length};
  } else {
    return malformed_socks();
  }
  if (bytes.size() < size) return {SocksAnswer::State::NeedMore, size, 0};
  return {SocksAnswer::State::Done, 0, *code};
}

} // namespace alk::net
