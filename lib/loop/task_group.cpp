#include "loop/task_group.hpp"

#include "base/result.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"

#include <cstdlib>
#include <exception>
#include <system_error>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

namespace alk::loop {

struct TaskGroup::State {
  explicit State(asio::io_context& context) : context(context) {}
  asio::io_context& context;
  std::list<asio::cancellation_signal> signals; // one per running task
  std::function<void()> drained;
  bool cancelled = false;

  void finish(std::list<asio::cancellation_signal>::iterator task) {
    signals.erase(task);
    if (signals.empty() && drained) asio::post(context, std::exchange(drained, nullptr));
  }
};

TaskGroup::TaskGroup(asio::io_context& context) : state_(std::make_shared<State>(context)) {}

TaskGroup::~TaskGroup() {
  // A stopped loop never resumes its tasks; they are destroyed with it.
  ALK_CHECK(state_->signals.empty() || state_->context.stopped());
}

// Asio throws this at the next wait of a task whose cancellation came between two waits, also under as_value.
static bool is_abort(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

[[noreturn]] static void die_of(std::string_view name, const std::exception_ptr& exception) {
  std::string text = "task " + std::string(name) + " ended by an exception";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    text += std::string(": ") + e.what();
  } catch (...) {
  }
  log::error(text);
  std::abort();
}

void TaskGroup::spawn(std::string_view name, Task<> task) {
  if (state_->cancelled) return;
  auto signal = state_->signals.emplace(state_->signals.end());
  auto state = state_;
  asio::co_spawn(
      state_->context, std::move(task),
      asio::bind_cancellation_slot(signal->slot(), [state, signal, name](std::exception_ptr exception) {
        if (exception && !(state->cancelled && is_abort(exception))) die_of(name, exception);
        state->finish(signal);
      }));
}

void TaskGroup::cancel() {
  state_->cancelled = true;
  // A task may end inside emit(); take the next position first.
  for (auto signal = state_->signals.begin(); signal != state_->signals.end();) {
    auto next = std::next(signal);
    signal->emit(asio::cancellation_type::terminal);
    signal = next;
  }
}

void TaskGroup::when_drained(std::function<void()> done) {
  if (state_->signals.empty())
    asio::post(state_->context, std::move(done));
  else
    state_->drained = std::move(done);
}

std::size_t TaskGroup::size() const {
  return state_->signals.size();
}

} // namespace alk::loop
