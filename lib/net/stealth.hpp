// The first half minute of a connection on a stealth listener: TLS, then silence until the peer has shown
// what it speaks. Times, bytes and ways of closing are nginx's (1.22).
#pragma once

#include "base/result.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>

namespace alk::net {

// Read at most this much before deciding: nginx's client_header_buffer_size, which the web side goes on to
// fill.
inline constexpr std::size_t first_read_size = 1024;

enum class Guest {
  Ssh, // `read` begins with "SSH-2.0-"
  Web, // anything else inside TLS, including silence, an end, a failure, a cancelled wait or the deadline
  PlainHttp, // no TLS: the web side answers with its own refusal
};

struct Opened {
  Guest guest = Guest::Web;
  std::unique_ptr<Stream> stream; // TLS, or the one that was given for PlainHttp
  std::string read;               // bytes taken so far, up to first_read_size
  std::string server_name;        // SNI as sent; peer-chosen text
};

// `deadline` covers everything up to the first complete request head: hand it on to the web side. When this
// fails, the stream is closed, with an alert or without as the failure asks. Errors: Gone, Busy (deadline),
// Invalid (bad TLS).
Task<Result<Opened>> open_stealth(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context,
                                  std::chrono::steady_clock::time_point deadline);

} // namespace alk::net
