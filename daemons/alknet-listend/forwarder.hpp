// A direct-tcpip request on its way to a connected stream: policy, names, policy again on every address,
// connect. With [server.proxy] names are left to the proxy, and connecting as well.
#pragma once

#include "base/identity.hpp"
#include "loop/task.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace alk::listend {

class Worker;

struct ForwardRequest {
  Identity identity;
  Constraints constraints;
  std::string transport;
  std::string host; // as the peer asked; never logged
  std::uint16_t port = 0;
};

enum class Obstacle {
  Policy,
  Constraint,
  Reserved,
  Port,
  Name,
  Connect,
  ProxyUnreachable, // or it ended the conversation
  ProxyTimeout,
  ProxyProtocol,
  ProxyLogin,
  ProxyPassword, // there is none at the moment: alknet-secretd is locked, say
  ProxyRefused,
};
std::string_view obstacle_word(Obstacle obstacle); // for the log: names no destination

using Opened = tl::expected<std::unique_ptr<net::Stream>, Obstacle>;

// Calls `answer` once, on the worker's loop.
Task<> open_forward(Worker& worker, ForwardRequest request, std::function<void(Opened)> answer);

} // namespace alk::listend
