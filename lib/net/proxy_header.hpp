// The header of the PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt, sections 2.1 and 2.2): a
// proxy's word for who is at the other end, before the first byte of the connection itself.
#pragma once

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"

#include <optional>
#include <string_view>

namespace alk::net {

inline constexpr std::size_t proxy_v1_limit = 107; // the longest line of section 2.1, with CR LF
// What may follow the 16 fixed bytes of version 2: addresses and TLVs. Real ones have some hundreds of bytes
// (the names of a client certificate are the longest); the field would allow 64 KiB.
inline constexpr std::size_t proxy_v2_limit = 4096;

struct ProxyHeader {
  enum class State {
    NeedMore, // read up to `wanted` bytes, not more: what follows the header belongs to somebody else
    Done,
    Missing,   // what came is something else
    Malformed, // began like a header and is none, or its CRC32C (section 2.2.5) is wrong
  };
  enum class Origin {
    Client,  // `source`
    Unknown, // somebody who has no address of TCP: UNKNOWN, UNSPEC, AF_UNIX, UDP
    Proxy,   // the proxy itself: LOCAL, a health check
  };
  State state = State::NeedMore;
  std::size_t wanted = 0;
  std::size_t size = 0; // of the header, when Done
  Origin origin = Origin::Unknown;
  Address source{}; // IPv4-mapped addresses as IPv4
};

// Pure. `bytes`: everything received so far.
ProxyHeader parse_proxy_header(std::string_view bytes);

// Reads exactly the header from the stream. Errors, `what` being one word for the log: Invalid ("missing",
// "malformed"), Busy ("timeout"), Gone ("incomplete": closed within the header; also a cancelled wait),
// NotFound ("empty": closed before the first byte, as health checks by connecting do).
Task<Result<ProxyHeader>> read_proxy_header(Stream& stream, std::chrono::steady_clock::time_point deadline);

} // namespace alk::net
