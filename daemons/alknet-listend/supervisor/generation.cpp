#include "supervisor/generation.hpp"

#include "log/log.hpp"

#include <csignal>
#include <random>

#include <sys/syscall.h>
#include <unistd.h>

namespace alk::listend {

// Answers to a predecessor may still be under way: its numbers must not be ours.
static std::uint64_t take_question_number() {
  static std::uint64_t next = (std::uint64_t{std::random_device{}()} << 32) | 1;
  return next++;
}

Generation::Generation(asio::io_context& loop, std::uint64_t number, ::pid_t pid, Fd control,
                       const Events& events)
    : loop_(loop), number_(number), pid_(pid), events_(events), channel_(loop, std::move(control)) {
  channel_.open([this](ControlMessage message, std::vector<Fd>) { receive(message); }, [this] { end(); });
}

void Generation::ask(ControlKind kind, std::string body, Answer answer, std::chrono::milliseconds timeout,
                     std::span<const int> descriptors) {
  std::uint64_t question = take_question_number();
  if (auto sent = channel_.send(make_control(kind, std::move(body), question), descriptors); !sent) {
    auto shared = std::make_shared<Error>(std::move(sent).error());
    return asio::post(loop_, [answer = std::move(answer), shared] { answer(Failure(std::move(*shared))); });
  }
  auto deadline = std::make_unique<asio::steady_timer>(loop_, timeout);
  deadline->async_wait([this, alive = std::weak_ptr(alive_), question](std::error_code error) {
    if (!error && !alive.expired()) settle(question, fail(Kind::Gone, "the engine does not answer"));
  });
  pending_.emplace(question, Pending{std::move(answer), std::move(deadline)});
}

void Generation::tell(ControlKind kind, std::string body) {
  if (auto sent = channel_.send(make_control(kind, std::move(body))); !sent)
    log::debug("generation " + std::to_string(number_) + ": " + sent.error().describe());
}

void Generation::settle(std::uint64_t question, Result<std::string> outcome) {
  auto found = pending_.find(question);
  if (found == pending_.end()) return;
  Pending pending = std::move(found->second);
  pending_.erase(found);
  pending.answer(std::move(outcome));
}

void Generation::receive(const ControlMessage& message) {
  if (message.is(ControlKind::Answer)) {
    auto body = decode<AnswerBody>(message.body);
    if (body) settle(message.number, outcome_of(std::move(*body)));
  } else if (message.is(ControlKind::Beat)) {
    missed_beats_ = 0;
    if (auto body = decode<BeatBody>(message.body)) state_ = *body;
  } else if (message.is(ControlKind::Opened)) {
    if (auto body = decode<NewsBody>(message.body)) events_.session_opened(*body);
  } else if (message.is(ControlKind::Closed)) {
    if (auto body = decode<NewsBody>(message.body)) events_.session_closed(*body);
  } else if (message.is(ControlKind::Sources)) {
    auto body = decode<SourcesBody>(message.body);
    if (!body) return;
    sources_ = std::move(body->connections);
    events_.sources_changed();
  } else if (message.is(ControlKind::Measured)) {
    auto body = decode<ReadingsBody>(message.body);
    if (body && events_.measured) events_.measured(*this, *body);
  } else if (message.is(ControlKind::Keys)) {
    if (auto body = decode<KeysBody>(message.body)) keys_ = std::move(*body);
  } else if (message.is(ControlKind::Offended)) {
    events_.offended(message.body);
  }
}

void Generation::end() {
  auto pending = std::move(pending_);
  pending_.clear();
  for (auto& [question, one] : pending) one.answer(fail(Kind::Gone, "the engine has ended"));
  events_.ended(*this);
}

// The engine alone holds the other end: while that is open, the number belongs to nobody else.
void Generation::kill() {
  if (pid_ <= 0 || channel_.hung_up()) return;
  Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process || channel_.hung_up()) return;
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

} // namespace alk::listend
