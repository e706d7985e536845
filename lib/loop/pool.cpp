#include "loop/pool.hpp"

#include <csignal>

#include <asio/executor_work_guard.hpp>

namespace alk::loop {

Pool::Pool(unsigned size) {
  // Signals belong to the main loop alone.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < size; ++i) {
    auto member = std::make_unique<Member>();
    member->thread = std::thread([&context = member->context] {
      auto work = asio::make_work_guard(context);
      context.run();
    });
    members_.push_back(std::move(member));
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Pool::~Pool() {
  stop();
}

void Pool::stop() {
  for (auto& member : members_) member->context.stop();
  for (auto& member : members_)
    if (member->thread.joinable()) member->thread.join();
}

} // namespace alk::loop
