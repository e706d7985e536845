// Every coroutine has an owner. A TaskGroup spawns them, can cancel all, and tells when the last has ended;
// its owner must not die before that. An exception that leaves a task is a bug: it is logged and ends the
// process.
//
// Single-threaded: use it on the loop that it was made for.
#pragma once

#include "loop/task.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string_view>

namespace alk::loop {

class TaskGroup {
 public:
  explicit TaskGroup(asio::io_context& context);
  ~TaskGroup(); // all tasks must have ended (checked)
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // `name` must outlive the task (a literal); it stands in the log when the task fails.
  void spawn(std::string_view name, Task<> task);

  // Asks every task to stop: their pending waits end with operation_aborted. A task that is between two waits
  // is ended by an exception at the next one, so what must happen at its end belongs into destructors, not
  // behind a co_await. Spawning afterwards is a no-op.
  void cancel();

  // Calls `done` once, when no task is left (posted at once if there is none).
  void when_drained(std::function<void()> done);

  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace alk::loop
