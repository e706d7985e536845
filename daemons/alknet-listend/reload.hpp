// The joint reload: alknet-listend and alknet-authd change their dynamic configuration together, or neither
// does.
//
//   read and check here -> Prepare in authd (reads the same files itself) -> digests equal -> Commit in authd
//   -> swap here
//
// Everything that can fail happens before Commit. A Commit whose answer is lost is settled by asking authd
// what is in force.
#pragma once

#include "clients/auth_client.hpp"
#include "engine.hpp"

#include <string>
#include <vector>

namespace alk::listend {

struct ReloadReport {
  std::uint64_t generation = 0;
  std::vector<std::string> changed; // dotted keys with new values
  std::vector<std::string> restart; // static keys on disk that wait for a restart
};

class Reload {
 public:
  Reload(asio::io_context& main, std::string config_path, config::Static running, clients::AuthClient& auth,
         Engine& engine);

  // Errors: Busy (one is running), Invalid (every FILE:LINE: KEY: text on a line), Conflict (the files change
  // while they are read), Gone (authd is away or did not confirm). Logged here, once.
  Task<Result<ReloadReport>> run();

  const std::vector<std::string>& waiting_for_restart() const { return restart_; }

 private:
  Task<Result<ReloadReport>> transact();
  Task<Result<SettingsPtr>> prepare(std::uint64_t transaction);
  Task<Result<void>> commit(std::uint64_t transaction, std::string digest);
  Task<Result<void>> settle_lost_commit(std::string digest);
  Task<> apply(SettingsPtr settings);

  asio::io_context& main_;
  std::string config_path_;
  config::Static running_;
  config::KeySource keys_;
  clients::AuthClient& auth_;
  Engine& engine_;
  std::vector<std::string> restart_;
  bool running_now_ = false;
};

// Every problem on a line of its own.
std::string describe(const std::vector<config::Problem>& problems);

} // namespace alk::listend
