// The joint reload: alknet-listend and alknet-authd change their dynamic configuration together, or neither
// does; and all generations of engines with them.
//
//   read and check here -> Prepare in every engine -> Prepare in authd (reads the same files itself) ->
//   digests equal -> Commit in authd -> Commit in every engine
//
// Everything that can fail happens before Commit. A Commit whose answer is lost is settled by asking authd
// what is in force.
#pragma once

#include "clients/auth_client.hpp"
#include "control/bundle.hpp"
#include "settings.hpp"
#include "supervisor/fleet.hpp"

#include <string>
#include <vector>

namespace alk::listend {

struct ReloadReport {
  std::uint64_t generation = 0;
  std::vector<std::string> changed; // dotted keys with new values
  std::vector<std::string> restart; // static keys on disk that wait for a restart
};

// A configuration with its number.
struct InForce {
  std::uint64_t generation = 0;
  config::Configuration configuration;
  TlsContexts tls; // what the listeners show: for those who ask until when it is valid
};

class Reload {
 public:
  Reload(asio::io_context& main, std::string config_path, clients::AuthClient& auth, Fleet& fleet);

  // At the start: reads configuration and keys for the first engine. Invalid with every problem on a line.
  Result<void> begin();

  // Errors: Busy (one is running, or no engine accepts just now), Invalid (every FILE:LINE: KEY: text on a
  // line), Conflict (the files change while they are read), Gone (authd is away or did not confirm). Logged
  // here, once.
  Task<Result<ReloadReport>> run();

  const InForce& in_force() const { return in_force_; }
  std::uint64_t done() const { return done_; } // reloads since this process' start
  std::uint64_t failed() const { return failed_; }
  std::vector<std::string> warnings() const; // of the files, what waits for a restart, who stayed behind

 private:
  struct Draft {
    InForce next;
    Fd bundle;
  };
  Result<Draft> draft_of(std::uint64_t number, config::Configuration configuration, Bundle bundle);
  Result<Draft> read(std::uint64_t number);
  Task<Result<ReloadReport>> transact();
  Task<Result<Draft>> prepare(std::uint64_t transaction);
  Task<Result<void>> prepare_engines(std::uint64_t transaction, int bundle);
  Task<Result<void>> prepare_authd(std::uint64_t transaction, std::string digest);
  Task<Result<void>> commit(std::uint64_t transaction, std::string digest);
  Task<Result<void>> settle_lost_commit(std::string digest);
  Task<> apply(Draft draft);
  void note_behind(std::uint64_t generation, const Error& reason);

  asio::io_context& main_;
  std::string config_path_;
  config::KeySource keys_;
  clients::AuthClient& auth_;
  Fleet& fleet_;
  InForce in_force_;
  config::Static running_;        // what the engines were started with
  config::Sources running_files_; // where it stands
  std::vector<std::string> restart_;
  std::vector<std::string> behind_; // engines that could not follow
  bool running_now_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
};

// Every problem on a line of its own.
std::string describe(const std::vector<config::Problem>& problems);

} // namespace alk::listend
