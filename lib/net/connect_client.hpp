// HTTP CONNECT, client role (RFC 9110 section 9.3.6; user and password by RFC 7617), without I/O: the request
// to send, and what the head of the proxy's response says.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <cstdint>
#include <string_view>

namespace alk::net {

// Status line and fields, interim responses (1xx) included. Proxies send some hundred bytes; explanations for
// people stand in the body, which nobody here reads.
inline constexpr std::size_t connect_head_limit = 16 * 1024;
// Longer ones are no passwords of people or tokens that proxies take.
inline constexpr std::size_t connect_login_limit = 1024;

// `authority` is "HOST:PORT" or "[IPV6]:PORT" of letters, digits and ".-_:[]"; with an empty user nobody logs
// in. Invalid: other characters, or a user or password that is too long or, the password, empty.
Result<SecretBytes> connect_request(std::string_view authority, std::string_view user,
                                    std::string_view password);

struct ConnectAnswer {
  enum class State { NeedMore, Done, Malformed };
  State state = State::NeedMore;
  std::size_t size = 0;     // Done: of the head; what stands behind belongs to the channel if status is 2xx
  std::uint32_t status = 0; // Done: 200 to 599
};

// Pure. `bytes`: everything received so far. Malformed also from connect_head_limit bytes without an end on.
ConnectAnswer read_connect_answer(std::string_view bytes);

} // namespace alk::net
