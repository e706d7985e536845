// ssh-agent (draft-miller-ssh-agent): does it hold a key, and a gate that shows libssh this key alone.
//
// libssh offers every key of the agent to the server, one after the other: that names all of a person's keys
// to it, and uses up login attempts. Behind the gate the agent seems to hold the one key that was asked for.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <thread>

namespace alk::ssh {

// One agent message; OpenSSH's own limit.
inline constexpr std::size_t agent_message_limit = 256 * 1024;

// False also when there is no agent, or it does not answer within five seconds.
bool agent_holds(const std::string& socket, std::string_view blob);

class AgentGate {
 public:
  // Errors: Gone (no agent at `socket`), Broken.
  static Result<std::unique_ptr<AgentGate>> open(const std::string& socket, std::string blob);
  ~AgentGate(); // ends a question in progress and joins
  AgentGate(const AgentGate&) = delete;
  AgentGate& operator=(const AgentGate&) = delete;

  int take_descriptor() { return front_.release(); } // for ssh_set_agent_socket, which then owns it

 private:
  AgentGate(Fd front, Fd back, Fd agent, std::string blob);
  void serve();
  std::string answer(const std::string& request);

  Fd front_, back_, agent_;
  std::string blob_;
  std::thread thread_;
};

} // namespace alk::ssh
