// One outbound credential, as long as it may be had: the record from alknet-stored, opened by alknet-secretd.
// Asked for on every Unlock and whenever alknet-stored says that something was changed.
#pragma once

#include "clients/credential_client.hpp"
#include "clients/secret_watch.hpp"
#include "loop/task_group.hpp"

#include <functional>
#include <optional>
#include <string>

namespace alk::listend {

// Why nothing is to be had in that state; not Unlocked.
Failure secrets_unavailable(clients::SecretState state);

class CredentialLink {
 public:
  using Told = std::function<void(Result<SecretBytes>)>;

  // Lives on `main`; tests are less patient with a service that does not answer.
  CredentialLink(asio::io_context& main, bus::Connection& bus, clients::SecretWatch& secrets,
                 std::chrono::milliseconds pause = std::chrono::seconds(2));

  // As SecretSupply::follow_credential.
  void follow(std::string name, Told told);
  void secrets_changed(); // alknet-secretd's state is another
  void stop() { tasks_.cancel(); }

 private:
  enum class Next { Wait, AskAgain };
  void begin();
  void look();
  Task<> keep_up(std::uint64_t epoch);
  Task<Next> fetch(std::uint64_t epoch);
  Next give_up(Error error);

  asio::io_context& main_;
  clients::SecretWatch& secrets_;
  std::chrono::milliseconds pause_;
  clients::CredentialClient store_;
  std::string name_;
  Told told_;
  std::optional<clients::EncryptedRecord> have_; // what was told last is this one, opened
  std::uint64_t epoch_ = 0; // moves with name and state: what was asked for before it counts no more
  std::uint64_t busy_ = 0;  // the epoch whose task runs
  bool changed_ = false;    // while it ran
  loop::TaskGroup tasks_;
};

} // namespace alk::listend
