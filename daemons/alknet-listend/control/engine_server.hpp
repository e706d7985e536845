// An engine at its control socket: does what the supervisor says and tells it what happens. Knows neither bus
// nor process; main loop only.
#pragma once

#include "authority.hpp"
#include "control/bodies.hpp"
#include "control/bundle.hpp"
#include "control/channel.hpp"
#include "control/pulse.hpp"
#include "engine.hpp"
#include "proxy_passwords.hpp"
#include "secret_supply.hpp"

#include <optional>

namespace alk::listend {

inline constexpr std::chrono::milliseconds beat_interval{1000};
// Given to peers when the supervisor is gone and says nothing of it.
inline constexpr std::chrono::milliseconds orphan_grace{2000};
// Sessions of generation N are numbered from (N - 1) times this: no two generations give out the same number,
// and the first one's are short.
inline constexpr std::uint64_t sessions_per_generation = 1'000'000'000;

class EngineServer {
 public:
  using Lookup = std::function<void(std::string identity, std::function<void(Result<LoginVerdict>)> answer)>;

  // Tests go faster.
  struct Pace {
    std::chrono::milliseconds beat = beat_interval;
    std::chrono::milliseconds farewell = orphan_grace;
    std::chrono::milliseconds password = proxy_password_patience;
  };

  // `ended` once, when nothing is left to do. The supervisor's going away is the word to stop.
  EngineServer(asio::io_context& loop, Fd control, Authority& authority, SecretSupply& supply, Lookup lookup,
               std::function<void()> ended, Pace pace);
  void open();

  // Asks the authority about every live session.
  void recheck();
  void stop(std::chrono::milliseconds grace);
  Engine& engine() { return engine_; }

 private:
  using Outcome = Result<std::string>;
  void receive(ControlMessage message, std::vector<Fd> descriptors);
  bool receive_order(const ControlMessage& message);
  void ask(const ControlMessage& message, std::vector<Fd> descriptors);
  void answer(std::uint64_t question, Outcome outcome);
  void tell(ControlKind kind, std::string body);

  Outcome hello(std::string_view body) const;
  Outcome start(std::string_view body, std::vector<Fd> descriptors);
  void prepare(std::uint64_t question, std::string_view body, const std::vector<Fd>& descriptors);
  Result<SettingsPtr> read_prepared(std::string_view body, const std::vector<Fd>& descriptors) const;
  void commit(std::uint64_t question, std::string_view body);
  Outcome list() const;
  Outcome disconnect(std::string_view body);
  void explain(std::uint64_t question, std::string_view body);
  Outcome list_penalties(std::string_view body);
  Outcome clear_penalties(std::string_view body);
  void penalise(PenaltiesBody body);
  void blame(const OffenceBody& body);
  void drain(std::chrono::seconds deadline);
  void beat();
  void tell_state();
  void take_host_key(Result<SecretBytes> key);
  void tell_keys();
  void tell_sources();

  Authority& authority_;
  SecretSupply& supply_;
  Lookup lookup_;
  std::function<void()> ended_;
  Pace pace_;
  Engine engine_;
  ProxyPasswords passwords_;
  config::Static running_;
  SettingsPtr prepared_;
  PenaltiesBody inherited_; // told before the start
  std::map<std::string, std::uint32_t> told_sources_;
  std::string host_key_lacking_; // why there is no host key
  std::optional<KeysBody> told_keys_;
  Pulse pulse_;
  bool turning_ = true; // false: the supervisor is told nothing that would count as a beat
  std::optional<std::chrono::steady_clock::time_point> deadline_; // set: draining
  std::uint64_t generation_ = 0;
  bool serving_ = false;
  bool stopping_ = false;
  asio::steady_timer beat_timer_;
  ControlChannel channel_;
};

} // namespace alk::listend
