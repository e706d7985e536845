// SOCKS5, server role (RFC 1928), without I/O: bytes in, bytes and a request out. Method "no authentication",
// command CONNECT; names stay names, so that they are resolved at the far end and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alk::net {

// Reply codes, RFC 1928 section 6.
enum class SocksReply : std::uint8_t {
  Succeeded = 0,
  GeneralFailure = 1,
  NotAllowed = 2,
  NetworkUnreachable = 3,
  HostUnreachable = 4,
  ConnectionRefused = 5,
  TtlExpired = 6,
  CommandNotSupported = 7,
  AddressTypeNotSupported = 8,
};

struct SocksTarget {
  std::string host; // name as sent, or the canonical text of an address
  std::uint16_t port = 0;
};

// Longest input before a request is complete: greeting with 255 methods, then a request with a name of 255.
inline constexpr std::size_t socks_input_limit = 2 + 255 + 4 + 1 + 255 + 2;

// The answer to a request; the bound address is 0.0.0.0:0, as nobody can use it.
std::string socks_reply(SocksReply reply);

class Socks5 {
 public:
  enum class State {
    NeedMore, // feed() more
    Request,  // target() is there; answer with socks_reply() and go on with rest()
    Refused,  // send what feed() left in output() and close
  };

  // Takes bytes as they come; after Request further bytes are kept for rest(). Not to be called after
  // Refused.
  State feed(std::string_view bytes);

  // What must be sent now; empties it.
  std::string take_output() { return std::move(output_); }
  const SocksTarget& target() const { return target_; }
  // Bytes behind the request: an eager client's first data. Empties it.
  std::string take_rest() { return std::move(input_); }

 private:
  State greet();
  State read_request();
  State refuse(SocksReply reply);

  std::string input_;
  std::string output_;
  SocksTarget target_;
  State state_ = State::NeedMore;
  bool greeted_ = false;
};

// "alknet-..." names the server's own services (network.md 4.5): a SOCKS client must not reach them.
bool is_reserved_name(std::string_view host);

} // namespace alk::net
