// What to do with the children of `alknet serve`, without doing it: events in, actions out. No process, clock
// or timer here; serve_runner.cpp carries the actions out.
//
// The first child is the bus: the others start once it is ready, again after each of its restarts. A child
// that dies is started again after a short rest; one that dies again within `restart_window`, or that never
// became ready, ends everything. When the bus dies others may follow, even before its own death can be seen:
// the rest leaves time for that, and those deaths are not counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace alk::alknet {

inline constexpr std::chrono::seconds restart_window{10};
inline constexpr std::chrono::milliseconds restart_rest{100}; // systemd's RestartSec=
inline constexpr std::chrono::seconds start_deadline{30};     // a daemon with a large key file on a slow disk
inline constexpr std::chrono::seconds stop_deadline{6};       // listend drains for 2 s

using Clock = std::chrono::steady_clock;

struct Action {
  enum class What {
    Start,     // start the process and its timer (start_deadline)
    Rest,      // start its timer (restart_rest)
    Ready,     // stop its timer
    Terminate, // SIGTERM, start its timer (stop_deadline)
    Kill,      // SIGKILL
    Announce,  // everything accepts, for the first time
    Finish,    // the last child is gone
  };
  What what;
  std::size_t child = 0;
  bool operator==(const Action&) const = default;
};

using Actions = std::vector<Action>;

class Supervision {
 public:
  // In start order; they stop in the reverse order, one after the other.
  explicit Supervision(std::vector<std::string> names);

  Actions begin();
  Actions ready(std::size_t child);
  // `reason`: how it ended, for people.
  Actions exited(std::size_t child, const std::string& reason, Clock::time_point now);
  Actions overdue(std::size_t child); // its timer ran out
  Actions stop();
  Actions fail(std::string reason); // something outside the children went wrong

  bool stopping() const { return stopping_; }
  const std::optional<std::string>& failure() const {
    return failure_;
  } // why it stops, when nobody asked for it

 private:
  enum class State { Resting, Waiting, Starting, Ready, Stopping, Gone };
  struct Child {
    std::string name;
    State state = State::Waiting;
    bool was_ready = false; // ever
    bool forgiven = false;  // its next death is the bus's doing
    std::optional<Clock::time_point> last_death;
  };

  Actions start_waiting();
  bool died_again(Child& child, Clock::time_point now);
  void forgive_others();
  Actions stop_next();

  std::vector<Child> children_;
  bool stopping_ = false;
  bool announced_ = false;
  std::optional<std::string> failure_;
};

} // namespace alk::alknet
