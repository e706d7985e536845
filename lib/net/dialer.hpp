// Outbound connections behind one small interface, so that dialling can move to a process of its own.
#pragma once

#include "net/address.hpp"
#include "net/stream.hpp"

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace alk::net {

// Why no address answered. Of several addresses the last one tried is reported.
enum class DialFailure {
  Refused,     // the host answers, the port does not
  Unreachable, // no route, host or network down
  Timeout,     // nothing came back in time
  Exhausted,   // no descriptor, port or memory on this machine
};

std::string_view dial_failure_text(DialFailure failure); // for people; names no destination

using Dialled = tl::expected<std::unique_ptr<Stream>, DialFailure>;

class Dialer {
 public:
  virtual ~Dialer() = default;

  // Tries the addresses in order, each for at most `per_address`; the stream lives on the loop of the calling
  // task. An empty list is Unreachable.
  virtual Task<Dialled> connect(std::vector<Address> addresses, std::chrono::milliseconds per_address) = 0;
};

// From this process, by TCP.
class DirectDialer final : public Dialer {
 public:
  Task<Dialled> connect(std::vector<Address> addresses, std::chrono::milliseconds per_address) override;
};

} // namespace alk::net
