// SOCKS5, client role (RFC 1928; user and password by RFC 1929), without I/O: the messages to send, and what
// a proxy's replies say. Every reply has a fixed shape, so that no byte behind it is ever read.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::net {

// RFC 1929 section 2: one byte of length each.
inline constexpr std::size_t socks_login_limit = 255;

enum class SocksMethod : std::uint8_t { None = 0, Password = 2 }; // RFC 1928 section 3

// Offers None, and Password as well when there is one.
std::string socks_greeting(bool with_password);
// Invalid: user or password is empty or above socks_login_limit.
Result<SecretBytes> socks_login(std::string_view user, std::string_view password);
// CONNECT to an address, or to a name of 1 to 255 bytes as it stands. Invalid: any other length.
Result<std::string> socks_connect(std::string_view host, std::uint16_t port);

struct SocksAnswer {
  enum class State { NeedMore, Done, Malformed };
  State state = State::NeedMore;
  std::size_t wanted = 0; // NeedMore: read up to this many bytes in all, not more
  std::uint8_t code = 0;  // Done
};

// Pure. `bytes`: everything of this reply received so far, never more than the last `wanted`.
SocksAnswer read_socks_method(std::string_view bytes); // code: the method; 0xFF is none of those offered
SocksAnswer read_socks_login(std::string_view bytes);  // code: 0 is welcome
SocksAnswer
read_socks_connect(std::string_view bytes); // code: a SocksReply (socks5.hpp); the address is left out

} // namespace alk::net
