// The joint reload: alknet-listend and alknet-authd change their dynamic configuration together, or neither
// does; and all generations of engines with them.
//
//   read and check here -> Prepare in every engine -> Prepare in authd (reads the same files itself) ->
//   digests equal -> Commit in authd -> Commit in every engine
//
// Everything that can fail happens before Commit. A Commit whose answer is lost is settled by asking authd
// what is in force. So is one around which the supervisor itself died: its successor finds the text that was
// in force and the one that was to be.
#pragma once

#include "clients/auth_client.hpp"
#include "control/bundle.hpp"
#include "daemon/committed_store.hpp"
#include "settings.hpp"
#include "supervisor/fleet.hpp"

#include <optional>
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

  // At the start: what was in force before a crash, out of `passed`; else reads configuration and keys. For
  // the first engine. Invalid with every problem on a line.
  Result<void> begin(std::vector<loop::PassedDescriptor>& passed);
  // A reload was under way at the crash: settle() comes before the first engine, and asks authd.
  bool unsettled() const { return underway_.has_value(); }
  Task<> settle();
  // An engine works with it: from here on a crash brings it back. Older engines follow a settled reload.
  void started();
  // The next start reads the disk.
  void forget();
  // Whether authd has the same in force; it may have been restarted with edited files. Shown by warnings().
  Task<> compare();

  // `renewed`: credentials that were read again; the host key waits for a restart like every static key.
  // Errors: Busy (one is running, or no engine accepts just now), Invalid (every FILE:LINE: KEY: text on a
  // line), Conflict (the files change while they are read), Gone (authd is away or did not confirm). Logged
  // here, once.
  Task<Result<ReloadReport>> run(config::RenewedKeys renewed = {});

  // Logs and counts a reload that has failed before run().
  void note_failure(const Error& error);

  const InForce& in_force() const { return in_force_; }
  std::uint64_t done() const { return done_; } // reloads since this process' start
  std::uint64_t failed() const { return failed_; }
  std::vector<std::string> warnings() const; // of the files, what waits for a restart, who stayed behind

 private:
  struct Draft {
    InForce next;
    Fd bundle;
    config::Sources sources;
    config::KeySource keys;
  };
  Result<void> begin_from_disk();
  Result<void> recover(config::CommittedText text);
  void put_into_force(Draft draft);
  config::CommittedText text_of(std::uint64_t generation, config::Sources sources) const;
  Result<Draft> draft_of(std::uint64_t number, config::Configuration configuration, Bundle bundle,
                         config::KeySource keys);
  Result<Draft> read(std::uint64_t number, config::KeySource keys);
  config::KeySource renew(config::RenewedKeys renewed) const;
  void warn_of_expired() const;
  Task<Result<ReloadReport>> transact(config::KeySource keys);
  Task<Result<Draft>> prepare(std::uint64_t transaction, config::KeySource keys);
  Task<Result<void>> prepare_engines(std::uint64_t transaction, int bundle);
  Task<Result<void>> prepare_authd(std::uint64_t transaction, std::string digest);
  Task<Result<void>> commit(std::uint64_t transaction, std::string digest);
  Task<Result<void>> settle_lost_commit(std::string digest);
  Task<> apply(Draft draft);
  void note_behind(std::uint64_t generation, const Error& reason);

  asio::io_context& main_;
  std::string config_path_;
  config::KeySource keys_; // with everything that was renewed
  clients::AuthClient& auth_;
  Fleet& fleet_;
  InForce in_force_;
  config::Static running_;        // what the engines were started with
  config::Sources running_files_; // where it stands
  config::Sources files_;         // of what is in force
  daemon::CommittedStore committed_{"committed"};
  daemon::CommittedStore prepared_{"prepared"};
  std::optional<config::CommittedText> underway_;
  bool followed_up_ = false; // a reload that its supervisor did not live to finish
  std::vector<std::string> restart_;
  std::vector<std::string> behind_; // engines that could not follow
  bool apart_ = false;              // authd has something else in force
  bool running_now_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
};

// Every problem on a line of its own.
std::string describe(const std::vector<config::Problem>& problems);

} // namespace alk::listend
