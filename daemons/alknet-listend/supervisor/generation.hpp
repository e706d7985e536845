// One engine as its supervisor sees it: a control socket, a process, what it last said of itself.
#pragma once

#include "control/bodies.hpp"
#include "control/channel.hpp"

#include <map>

#include <sys/types.h>

namespace alk::listend {

inline constexpr std::chrono::milliseconds question_timeout{3000}; // less than a caller of the bus waits
// Silent ticks (seconds of the supervisor's own life) after which an engine counts as frozen.
inline constexpr unsigned most_missed_beats = 5;

class Generation {
 public:
  using Answer = std::function<void(Result<std::string> body)>;
  struct Events {
    std::function<void(Generation&)> ended; // last call; the generation may be destroyed in it
    std::function<void(const NewsBody&)> session_opened;
    std::function<void(const NewsBody&)> session_closed;
    std::function<void()> sources_changed;
    std::function<void(Generation&, const ReadingsBody&)> measured; // its last word
    std::function<void(const std::string& body)> offended;          // as it came
  };

  // `pid` 0: unknown. `events` must outlive it.
  Generation(asio::io_context& loop, std::uint64_t number, ::pid_t pid, Fd control, const Events& events);

  // Calls `answer` once: the body, the error that the engine gave, or Gone at the deadline or the engine's
  // end.
  void ask(ControlKind kind, std::string body, Answer answer,
           std::chrono::milliseconds timeout = question_timeout, std::span<const int> descriptors = {});
  void tell(ControlKind kind, std::string body = {});

  // Once a second. False: it has been silent for too long.
  bool tick() { return ++missed_beats_ <= most_missed_beats; }
  // SIGKILL, when it is certain that the process is still this engine.
  void kill();

  std::uint64_t number() const { return number_; }
  ::pid_t pid() const { return pid_; }
  const BeatBody& state() const { return state_; }
  const KeysBody& keys() const { return keys_; }
  const std::map<std::string, std::uint32_t>& sources() const { return sources_; }
  int descriptor() { return channel_.descriptor(); }

 private:
  struct Pending {
    Answer answer;
    std::unique_ptr<asio::steady_timer> deadline;
  };
  void receive(const ControlMessage& message);
  void settle(std::uint64_t question, Result<std::string> outcome);
  void end();

  asio::io_context& loop_;
  std::uint64_t number_;
  ::pid_t pid_;
  const Events& events_;
  BeatBody state_;
  KeysBody keys_;
  std::map<std::string, std::uint32_t> sources_;
  std::map<std::uint64_t, Pending> pending_;
  unsigned missed_beats_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(); // a queued handler may come after us
  ControlChannel channel_;
};

} // namespace alk::listend
