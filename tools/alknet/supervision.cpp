#include "supervision.hpp"

#include <algorithm>
#include <utility>

namespace alk::alknet {

using What = Action::What;

Supervision::Supervision(std::vector<std::string> names) {
  for (std::string& name : names) children_.push_back({std::move(name), State::Waiting, false, false, {}});
}

Actions Supervision::begin() {
  return start_waiting();
}

// The bus first; nobody can live without it.
Actions Supervision::start_waiting() {
  Actions actions;
  bool bus_ready = children_.front().state == State::Ready;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (children_[i].state != State::Waiting || (i > 0 && !bus_ready)) continue;
    children_[i].state = State::Starting;
    actions.push_back({What::Start, i});
  }
  return actions;
}

Actions Supervision::ready(std::size_t child) {
  if (children_[child].state != State::Starting) return {};
  children_[child].state = State::Ready;
  children_[child].was_ready = true;
  children_[child].forgiven = false;
  Actions actions{{What::Ready, child}};
  if (child == 0)
    for (Action action : start_waiting()) actions.push_back(action);
  bool all = std::ranges::all_of(children_, [](const Child& c) { return c.state == State::Ready; });
  if (all && !announced_) {
    announced_ = true;
    actions.push_back({What::Announce, 0});
  }
  return actions;
}

bool Supervision::died_again(Child& child, Clock::time_point now) {
  if (std::exchange(child.forgiven, false)) return false;
  bool again = child.last_death && now - *child.last_death < restart_window;
  child.last_death = now;
  return again;
}

void Supervision::forgive_others() {
  for (std::size_t i = 1; i < children_.size(); ++i) {
    Child& child = children_[i];
    child.forgiven = child.state == State::Starting || child.state == State::Ready;
    child.last_death.reset();
  }
}

Actions Supervision::exited(std::size_t index, const std::string& reason, Clock::time_point now) {
  Child& child = children_[index];
  if (stopping_) {
    child.state = State::Gone;
    return stop_next();
  }
  child.state = State::Resting;
  if (!child.was_ready) {
    child.state = State::Gone;
    return fail(child.name + " did not start: " + reason);
  }
  if (index == 0) forgive_others();
  if (died_again(child, now)) {
    child.state = State::Gone;
    return fail(child.name + " ended twice within " + std::to_string(restart_window.count()) +
                " s: " + reason);
  }
  return {{What::Rest, index}};
}

Actions Supervision::overdue(std::size_t index) {
  Child& child = children_[index];
  if (child.state == State::Resting) {
    child.state = State::Waiting;
    return start_waiting();
  }
  if (child.state == State::Stopping) return {{What::Kill, index}};
  if (child.state != State::Starting) return {};
  Actions actions{{What::Kill, index}};
  for (Action action :
       fail(child.name + " was not ready within " + std::to_string(start_deadline.count()) + " s"))
    actions.push_back(action);
  return actions;
}

Actions Supervision::stop() {
  if (std::exchange(stopping_, true)) return {};
  for (Child& child : children_)
    if (child.state == State::Waiting || child.state == State::Resting) child.state = State::Gone;
  return stop_next();
}

Actions Supervision::fail(std::string reason) {
  if (!stopping_ && !failure_) failure_ = std::move(reason);
  return stop();
}

// One at a time, last started first: listend says goodbye to its peers while authd and the bus still answer.
Actions Supervision::stop_next() {
  for (std::size_t i = children_.size(); i-- > 0;) {
    State& state = children_[i].state;
    if (state == State::Gone) continue;
    if (state == State::Stopping) return {};
    state = State::Stopping;
    return {{What::Terminate, i}};
  }
  return {{What::Finish, 0}};
}

} // namespace alk::alknet
