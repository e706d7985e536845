#include "supervisor/fleet.hpp"

#include "control/penalty_records.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace alk::listend {

Fleet::Fleet(asio::io_context& loop, Spawn spawn, Callbacks callbacks, FleetPace pace)
    : loop_(loop), spawn_(std::move(spawn)),
      callbacks_(std::move(callbacks)), events_{[this](Generation& generation) { ended(generation); },
                                                callbacks_.session_opened,
                                                callbacks_.session_closed,
                                                [this] { tell_elsewhere(); },
                                                callbacks_.measured,
                                                [this](const std::string& body) { pass_on_blame(body); }},
      pace_(pace), tick_timer_(loop), relaunch_timer_(loop), stop_timer_(loop) {
  tick();
}

void Fleet::set_bundle(std::uint64_t settings, Fd bundle) {
  settings_ = settings;
  bundle_ = std::move(bundle);
}

Generation* Fleet::find(std::uint64_t number) {
  auto found = generations_.find(number);
  return found == generations_.end() ? nullptr : found->second.get();
}

void Fleet::adopt(std::uint64_t number, ::pid_t pid, Fd control) {
  number_from(number + 1);
  generations_[number] = std::make_unique<Generation>(loop_, number, pid, std::move(control), events_);
}

void Fleet::launch(Done done) {
  std::uint64_t number = next_number_++;
  auto failed = [this, &done](Error error) {
    asio::post(loop_, [done = std::move(done), error = std::move(error)] { done(Failure(error)); });
  };
  auto pair = make_control_pair();
  if (!pair) return failed(std::move(pair).error());
  auto pid = spawn_(pair->engine.get());
  if (!pid) return failed(std::move(pid).error());
  auto generation = std::make_unique<Generation>(loop_, number, *pid, std::move(pair->supervisor), events_);
  starting_ = number;
  generations_[number] = std::move(generation);
  // No source escapes its penalty by an upgrade: the new one knows them before it accepts.
  hand_over_penalties(number, [this, number, done = std::move(done)]() mutable {
    if (Generation* still = find(number)) return start(*still, std::move(done));
    starting_ = 0;
    done(fail(Kind::Gone, "the engine has ended before it was started"));
  });
}

void Fleet::start(Generation& generation, Done done) {
  StartBody body{generation.number(), settings_, {}};
  std::vector<int> descriptors{bundle_.get()};
  for (const loop::PassedDescriptor& socket : sockets_) {
    body.sockets.push_back(socket.name);
    descriptors.push_back(socket.fd.get());
  }
  auto answered = [this, number = generation.number(), settings = settings_,
                   done = std::move(done)](Result<std::string> answer) {
    starting_ = 0;
    auto state = answer.and_then([](const std::string& bytes) { return decode<ServingBody>(bytes); });
    if (!state) {
      // Whatever it does now, it is not wanted; the end of its control socket says so.
      if (Generation* failed = find(number)) failed->kill();
      asio::post(loop_, [this, number] { generations_.erase(number); });
      return done(pass(std::move(state).error()));
    }
    serve(number, std::move(*state));
    if (settings != settings_) bring_up_to_date(number);
    done({});
  };
  generation.ask(ControlKind::Start, encode(body), std::move(answered), start_timeout, descriptors);
}

void Fleet::serve(std::uint64_t number, ServingBody state) {
  serving_ = number;
  ++started_;
  state_ = std::move(state);
  serving_since_ = std::chrono::steady_clock::now();
  log::write(log::Level::Info, log::event::engine_serving, {{"generation", number}});
  callbacks_.kept(*find(number));
  for (auto& [older, generation] : generations_)
    if (older < number)
      generation->tell(ControlKind::Drain,
                       encode(DrainBody{static_cast<std::uint64_t>(drain_deadline_.count())}));
  tell_elsewhere();
  hand_over_penalties(number, [] {}); // what came together in the meantime
}

// The penalties of all others to generation `number`, then `done`; at once when there are no others.
void Fleet::hand_over_penalties(std::uint64_t number, std::function<void()> done) {
  struct Gathered {
    std::vector<PenaltiesBody> bodies;
    std::function<void()> done;
    std::size_t left = 1; // this function
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->done = std::move(done);
  auto one_less = [this, number, gathered] {
    if (--gathered->left > 0) return;
    Generation* heir = find(number);
    if (heir != nullptr && !gathered->bodies.empty())
      heir->tell(ControlKind::Penalise, encode(worst_of(gathered->bodies, 0)));
    gathered->done();
  };
  for (auto& [other, generation] : generations_) {
    if (other == number) continue;
    ++gathered->left;
    auto answered = [gathered, one_less](const Result<std::string>& answer) {
      auto body = answer.and_then([](const std::string& bytes) { return decode<PenaltiesBody>(bytes); });
      if (body && !body->penalties.empty()) gathered->bodies.push_back(std::move(*body));
      one_less();
    };
    generation->ask(ControlKind::ListPenalties, encode(ListPenaltiesBody{}), answered, handover_timeout);
  }
  one_less();
}

// Of an older generation's connection: the one that accepts refuses.
void Fleet::pass_on_blame(const std::string& body) {
  if (Generation* serving = find(serving_)) serving->tell(ControlKind::Blame, body);
}

// A reload was committed while it started.
void Fleet::bring_up_to_date(std::uint64_t number) {
  Generation* generation = find(number);
  std::string body = encode(TransactionBody{settings_});
  const int bundle[] = {bundle_.get()};
  auto prepared = [this, number, body](Result<std::string> answer) {
    Generation* still = find(number);
    if (answer && still != nullptr) still->ask(ControlKind::Commit, body, [](const Result<std::string>&) {});
  };
  generation->ask(ControlKind::Prepare, body, std::move(prepared), question_timeout, bundle);
}

void Fleet::ended(Generation& generation) {
  std::uint64_t number = generation.number();
  bool lost = number == serving_;
  if (lost) serving_ = 0;
  if (lost && !stopping_) ++lost_;
  callbacks_.gone(generation);
  auto level = lost && !stopping_ ? log::Level::Error : log::Level::Info;
  log::write(level, log::event::engine_ended,
             {{"generation", number}, {"sessions", int(generation.state().sessions)}});
  generations_.erase(number);
  if (stopping_) {
    if (generations_.empty() && stopped_) std::exchange(stopped_, nullptr)();
    return;
  }
  if (!lost) return tell_elsewhere();
  if (std::chrono::steady_clock::now() - serving_since_ >= pace_.proven)
    pause_ = std::chrono::milliseconds(0);
  relaunch_later();
}

// The first time at once, then slower and slower: connections wait in the listening sockets meanwhile.
void Fleet::relaunch_later() {
  auto pause = std::exchange(pause_, std::clamp(pause_ * 2, pace_.first_pause, pace_.longest_pause));
  if (pause.count() == 0) return relaunch();
  relaunch_timer_.expires_after(pause);
  relaunch_timer_.async_wait([this](std::error_code error) {
    if (!error && !stopping_) relaunch();
  });
}

void Fleet::relaunch() {
  launch([this](const Result<void>& launched) {
    if (launched || stopping_) return;
    log::error("no engine could be started: " + launched.error().describe());
    relaunch_later();
  });
}

void Fleet::tick() {
  for (auto& [number, generation] : generations_) {
    if (number == starting_ || generation->tick()) continue;
    log::error("generation " + std::to_string(number) + " does not answer any more and is killed");
    generation->kill();
  }
  tick_timer_.expires_after(pace_.tick);
  tick_timer_.async_wait([this](std::error_code error) {
    if (!error) tick();
  });
}

// The one that accepts counts what its predecessors still hold.
void Fleet::tell_elsewhere() {
  Generation* serving = find(serving_);
  if (serving == nullptr) return;
  SourcesBody sum;
  for (auto& [number, generation] : generations_)
    if (number != serving_)
      for (const auto& [source, count] : generation->sources()) sum.connections[source] += count;
  serving->tell(ControlKind::Elsewhere, encode(sum));
}

Task<Fleet::Answers> Fleet::ask(Question question) {
  struct Gathered {
    asio::steady_timer wake;
    Answers answers;
    std::size_t left = 0;
  };
  auto never = asio::steady_timer::time_point::max();
  auto gathered = std::make_shared<Gathered>(Gathered{asio::steady_timer(loop_, never), {}, 0});
  for (auto& [number, generation] : generations_) {
    if (number == starting_ && question.kind == ControlKind::ClearPenalties)
      generation->ask(question.kind, question.body, [](const Result<std::string>&) {}); // once it is started
    if (number == starting_ || (question.only != 0 && number != question.only)) continue;
    ++gathered->left;
    auto answered = [gathered, number = number](Result<std::string> answer) {
      gathered->answers.emplace_back(number, std::move(answer));
      if (--gathered->left == 0) gathered->wake.cancel();
    };
    generation->ask(question.kind, question.body, std::move(answered), question.timeout,
                    question.descriptors);
  }
  if (gathered->left > 0) co_await gathered->wake.async_wait(loop::as_value);
  co_return std::move(gathered->answers);
}

void Fleet::tell_all(ControlKind kind, const std::string& body) {
  for (auto& [number, generation] : generations_) generation->tell(kind, body);
}

void Fleet::tell_commit(std::uint64_t settings) {
  for (auto& [number, generation] : generations_) {
    if (number == serving_) continue;
    generation->ask(ControlKind::Commit, encode(TransactionBody{settings}),
                    [number = number](const Result<std::string>& answer) {
                      if (!answer)
                        log::warning("generation " + std::to_string(number) +
                                     " drains with the configuration it had: " + answer.error().what);
                    });
  }
}

KeysBody Fleet::keys() const {
  auto found = generations_.find(serving_);
  return found == generations_.end() ? KeysBody{} : found->second->keys();
}

std::uint64_t Fleet::sessions() const {
  std::uint64_t sum = 0;
  for (const auto& [number, generation] : generations_) sum += generation->state().sessions;
  return sum;
}

std::uint64_t Fleet::connections() const {
  std::uint64_t sum = 0;
  for (const auto& [number, generation] : generations_) sum += generation->state().connections;
  return sum;
}

void Fleet::stop(std::function<void()> done) {
  stopping_ = true;
  relaunch_timer_.cancel();
  if (generations_.empty()) return asio::post(loop_, std::move(done));
  stopped_ = std::move(done);
  tell_all(ControlKind::Stop, encode(StopBody{static_cast<std::uint32_t>(stop_grace.count())}));
  stop_timer_.expires_after(stop_patience);
  stop_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    for (auto& [number, generation] : generations_) generation->kill();
  });
}

} // namespace alk::listend
