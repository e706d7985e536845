// Is this the server's key? A pin, or known_hosts, or a person at a terminal; in that order, and nothing
// else.
#pragma once

#include "base/result.hpp"
#include "connect_options.hpp"
#include "loop/task.hpp"
#include "ssh/host_verdict.hpp"

#include <functional>
#include <string>

namespace alk::alknet {

class HostTrust {
 public:
  // The terminal, as far as it is needed; tests bring their own.
  struct Person {
    std::function<bool()> present;
    std::function<Task<std::string>(std::string question)> ask;
  };

  HostTrust(const ConnectOptions& options, Person person);

  // No value: trusted. An error says what is wrong with the key and how to mend it (Denied), or why it could
  // not be judged. A key that a person accepts is added to the known hosts file.
  Task<Result<void>> judge(ssh::PresentedKey key);

 private:
  Result<void> judge_pin(const ssh::PresentedKey& key) const;
  Failure unknown(const ssh::PresentedKey& key) const;
  Result<void> remember(const ssh::PresentedKey& key) const;

  std::string server_; // as a person knows it
  std::string name_;   // as known_hosts knows it
  std::string pin_;
  std::string known_hosts_;
  Person person_;
};

} // namespace alk::alknet
