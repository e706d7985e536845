// Every generation: the engine that accepts and the older ones that drain. Questions go to all of them, news
// come from all of them; an engine that dies or freezes is replaced, the listening sockets stay here
// meanwhile.
#pragma once

#include "loop/activation.hpp"
#include "supervisor/generation.hpp"

namespace alk::listend {

// Time for peers to read our farewell and for buffers to drain.
inline constexpr std::chrono::milliseconds stop_grace{2000};
inline constexpr std::chrono::seconds start_timeout{30}; // a busy machine with many keys
// For the penalties of older engines: a frozen one must not hold up the start.
inline constexpr std::chrono::milliseconds handover_timeout{1000};
inline constexpr std::chrono::milliseconds stop_patience{3000}; // then SIGKILL: a stop must end within 5 s

// Between starts while engines fail or die soon: each is logged. Tests go faster.
struct FleetPace {
  std::chrono::milliseconds tick{1000};
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{5000};
  // An engine that served for so long has proven that it can: its successor starts at once.
  std::chrono::milliseconds proven{10000};
};

class Fleet {
 public:
  struct Callbacks {
    std::function<void(const NewsBody&)> session_opened;
    std::function<void(const NewsBody&)> session_closed;
    // An engine accepts: its number and control socket, to be kept by the service manager; and one has ended.
    std::function<void(Generation&)> kept;
    std::function<void(Generation&)> gone;
    // What an engine has counted, said before it ends.
    std::function<void(Generation&, const ReadingsBody&)> measured{};
  };
  // Starts an engine's process whose descriptor 3 is a duplicate of `control`.
  using Spawn = std::function<Result<::pid_t>(int control)>;
  using Done = std::function<void(Result<void>)>;

  Fleet(asio::io_context& loop, Spawn spawn, Callbacks callbacks, FleetPace pace = {});

  // What engines are started with, now and after a death.
  void set_sockets(std::vector<loop::PassedDescriptor> sockets) { sockets_ = std::move(sockets); }
  void set_bundle(std::uint64_t settings, Fd bundle);
  // What older engines are given when a new one accepts. To be set before any is adopted.
  void set_drain_deadline(std::chrono::seconds deadline) { drain_deadline_ = deadline; }

  // An engine of an earlier supervisor. It serves or drains; asks it what.
  void adopt(std::uint64_t number, ::pid_t pid, Fd control);
  // Starts generation next_number(); `done` once it accepts. Older ones then drain.
  void launch(Done done);
  std::uint64_t next_number() const { return next_number_; }
  void number_from(std::uint64_t next) { next_number_ = std::max(next_number_, next); }

  // One question to every generation; comes back with all answers, by generation.
  struct Question {
    ControlKind kind;
    std::string body{};
    std::chrono::milliseconds timeout = question_timeout;
    std::vector<int> descriptors{};
    std::uint64_t only = 0; // this generation alone
  };
  using Answers = std::vector<std::pair<std::uint64_t, Result<std::string>>>;
  Task<Answers> ask(Question question);
  void tell_all(ControlKind kind, const std::string& body = {});
  // To those that drain, for what they have prepared; nobody waits for their answers.
  void tell_commit(std::uint64_t settings);

  std::uint64_t serving() const { return serving_; }  // 0: none
  const ServingBody& state() const { return state_; } // of the last that served
  KeysBody keys() const;                              // of the one that serves; nothing when none does
  std::size_t size() const { return generations_.size(); }
  bool has(std::uint64_t number) const { return generations_.contains(number); }
  std::uint64_t engines_started() const { return started_; } // since this supervisor's start
  std::uint64_t engines_lost() const { return lost_; }       // while they served
  std::uint64_t sessions() const;
  std::uint64_t connections() const;

  // This supervisor ends, the engines do not.
  void leave() { stopping_ = true; }
  // Says goodbye everywhere; kills what has not ended after `stop_patience`; `done` when nothing is left.
  void stop(std::function<void()> done);

 private:
  Generation* find(std::uint64_t number);
  void start(Generation& generation, Done done);
  void serve(std::uint64_t number, ServingBody state);
  void bring_up_to_date(std::uint64_t number);
  void ended(Generation& generation);
  void relaunch();
  void relaunch_later();
  void tick();
  void tell_elsewhere();
  void hand_over_penalties(std::uint64_t number, std::function<void()> done);
  void pass_on_blame(const std::string& body);

  asio::io_context& loop_;
  Spawn spawn_;
  std::chrono::seconds drain_deadline_{0};
  Callbacks callbacks_;
  Generation::Events events_;
  std::vector<loop::PassedDescriptor> sockets_;
  Fd bundle_;
  std::uint64_t settings_ = 0;
  std::uint64_t next_number_ = 1;
  std::uint64_t serving_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t starting_ = 0; // asked for nothing, and not expected to beat
  ServingBody state_;
  FleetPace pace_;
  std::chrono::milliseconds pause_{0}; // before the next start that follows a failure
  std::chrono::steady_clock::time_point serving_since_;
  std::function<void()> stopped_;
  bool stopping_ = false;
  asio::steady_timer tick_timer_;
  asio::steady_timer relaunch_timer_;
  asio::steady_timer stop_timer_;
  std::map<std::uint64_t, std::unique_ptr<Generation>> generations_;
};

} // namespace alk::listend
