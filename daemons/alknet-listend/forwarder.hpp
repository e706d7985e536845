// A direct-tcpip request on its way to a connected stream: policy, names, policy again on every address,
// connect.
#pragma once

#include "base/identity.hpp"
#include "loop/asio.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace alk::listend {

class Worker;

struct ForwardRequest {
  Identity identity;
  Constraints constraints;
  std::string transport;
  std::string host; // as the peer asked; never logged
  std::uint16_t port = 0;
  std::string remote_addr;
  std::uint64_t session = 0;
};

// Calls `answer` once, with the connected stream or with nothing.
Task<> open_forward(Worker& worker, ForwardRequest request,
                    std::function<void(std::unique_ptr<net::Stream>)> answer);

} // namespace alk::listend
