// Ends a stream so that what was written still reaches the peer: our direction is shut, input is read and
// dropped until the peer ends too or the deadline passes, then the stream is closed. Closing at once would
// turn unread input into a reset that destroys our last bytes on their way (RFC 1122 section 4.2.2.13).
#pragma once

#include "net/stream.hpp"

#include <chrono>
#include <memory>

namespace alk::net {

void close_lingering(asio::io_context& loop, std::unique_ptr<Stream> stream,
                     std::chrono::milliseconds deadline);

} // namespace alk::net
