// The supervisor's side of the engine contract, against engines that are played here: descriptors and
// messages are real, processes are not.
#include "base/memory_file.hpp"
#include "loop/task_group.hpp"
#include "supervisor/fleet.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::listend::fleet_test {

namespace {

// The other end of a control socket: notes what comes, answers what the test told it to.
class PlayedEngine {
 public:
  PlayedEngine(asio::io_context& loop, int control)
      : channel_(loop, Fd(::fcntl(control, F_DUPFD_CLOEXEC, 0))) {
    channel_.open(
        [this](ControlMessage message, std::vector<Fd> descriptors) {
          got.push_back(static_cast<ControlKind>(message.kind));
          bodies.push_back(message.body);
          if (message.is(ControlKind::Start)) descriptors_seen = descriptors.size();
          if (message.number != 0) answer(message);
        },
        [this] { orphaned = true; });
  }
  void tell(ControlKind kind, std::string body) {
    ASSERT_TRUE(channel_.send(make_control(kind, std::move(body))));
  }
  void die() { channel_.close(); }
  std::size_t count(ControlKind kind) const {
    return static_cast<std::size_t>(std::count(got.begin(), got.end(), kind));
  }
  std::string last(ControlKind kind) const {
    for (std::size_t i = got.size(); i > 0; --i)
      if (got[i - 1] == kind) return bodies[i - 1];
    return "none";
  }

  std::vector<ControlKind> got;
  std::vector<std::string> bodies;
  std::size_t descriptors_seen = 0;
  bool orphaned = false;
  bool silent = false;
  AnswerBody reply; // to everything but Start
  AnswerBody start_reply{"", "", encode(ServingBody{"SHA256:host", {{"ssh", "tcp", "127.0.0.1:22", true}}})};

 private:
  void answer(const ControlMessage& message) {
    if (silent) return;
    const AnswerBody& body = message.is(ControlKind::Start) ? start_reply : reply;
    (void)channel_.send(make_control(ControlKind::Answer, encode(body), message.number));
  }
  ControlChannel channel_;
};

class FleetTest : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds pause{200};

  FleetTest() {
    const std::string_view bundle[] = {"bundle"};
    fleet_.set_bundle(1, std::move(*seal_in_memory(bundle)));
    fleet_.set_drain_deadline(std::chrono::minutes(90));
    std::vector<loop::PassedDescriptor> sockets;
    sockets.push_back({"ssh", Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
    fleet_.set_sockets(std::move(sockets));
  }
  ~FleetTest() override { loop_.stop(); }

  // What is ready now, and what that leads to.
  void settle() {
    loop_.restart();
    loop_.poll();
  }
  void launch() {
    std::optional<Result<void>> launched;
    fleet_.launch([&launched](Result<void> result) { launched = std::move(result); });
    settle();
    ASSERT_TRUE(launched && *launched);
  }
  Fleet::Answers ask(ControlKind kind) {
    Fleet::Answers answers;
    loop::TaskGroup tasks(loop_);
    Fleet::Question question{.kind = kind};
    tasks.spawn("ask", ask_into(std::move(question), answers));
    settle();
    EXPECT_EQ(tasks.size(), 0U);
    return answers;
  }
  Task<> ask_into(Fleet::Question question, Fleet::Answers& answers) {
    answers = co_await fleet_.ask(std::move(question));
  }
  // A generation that an earlier supervisor started.
  PlayedEngine& adopt(std::uint64_t number) {
    auto pair = make_control_pair();
    engines_.push_back(std::make_unique<PlayedEngine>(loop_, pair->engine.get()));
    fleet_.adopt(number, 0, std::move(pair->supervisor));
    return *engines_.back();
  }
  PlayedEngine& engine(std::size_t index) { return *engines_[index]; }
  // How long it takes until so many processes have been started.
  std::chrono::steady_clock::duration until_spawned(int count) {
    auto began = std::chrono::steady_clock::now();
    loop_.restart();
    while (spawns_ < count && std::chrono::steady_clock::now() - began < std::chrono::seconds(30))
      loop_.run_one_for(std::chrono::seconds(1));
    EXPECT_EQ(spawns_, count);
    return std::chrono::steady_clock::now() - began;
  }

  asio::io_context loop_;
  std::deque<std::unique_ptr<PlayedEngine>> engines_;
  std::vector<std::string> news_;
  bool spawn_fails_ = false;
  int spawns_ = 0;
  Fleet fleet_{loop_,
               [this](int control) -> Result<::pid_t> {
                 ++spawns_;
                 if (spawn_fails_) return fail(Kind::Broken, "no process");
                 engines_.push_back(std::make_unique<PlayedEngine>(loop_, control));
                 return 0;
               },
               {[this](const NewsBody& news) { news_.push_back("+" + news.identity); },
                [this](const NewsBody& news) { news_.push_back("-" + news.identity); },
                [this](Generation& one) { news_.push_back("kept " + std::to_string(one.number())); },
                [this](Generation& one) { news_.push_back("gone " + std::to_string(one.number())); },
                [this](Generation& one, const ReadingsBody& body) {
                  news_.push_back("measured " + std::to_string(one.number()) + ": " +
                                  std::to_string(body.readings.at(0).value));
                }},
               {.first_pause = pause, .longest_pause = 2 * pause, .proven = std::chrono::hours(1)}};
};

TEST_F(FleetTest, StartsAnEngineWithBundleAndSockets) {
  launch();
  EXPECT_EQ(fleet_.serving(), 1U);
  EXPECT_EQ(engine(0).descriptors_seen, 2U);
  auto body = decode<StartBody>(engine(0).last(ControlKind::Start));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->generation, 1U);
  EXPECT_EQ(body->sockets, std::vector<std::string>{"ssh"});
  EXPECT_EQ(fleet_.state().host_key_fingerprint, "SHA256:host");
  EXPECT_EQ(news_, std::vector<std::string>{"kept 1"});
}

TEST_F(FleetTest, OlderGenerationsDrainOnlyOnceTheNewOneAccepts) {
  PlayedEngine& old = adopt(4);
  PlayedEngine* young = nullptr;
  std::optional<Result<void>> launched;
  fleet_.launch([&launched](Result<void> result) { launched = std::move(result); });
  young = engines_.back().get();
  young->silent = true;
  settle();
  EXPECT_FALSE(launched);
  EXPECT_EQ(old.count(ControlKind::Drain), 0U);
  young->silent = false;
  young->die();
  settle();
  ASSERT_TRUE(launched);
  EXPECT_FALSE(*launched);
  EXPECT_EQ(old.count(ControlKind::Drain), 0U);
  EXPECT_FALSE(old.orphaned);
  launch();
  EXPECT_EQ(fleet_.serving(), 6U); // numbers are never used twice
  EXPECT_EQ(old.count(ControlKind::Drain), 1U);
  EXPECT_EQ(decode<DrainBody>(old.last(ControlKind::Drain))->deadline, 5400U);
}

TEST_F(FleetTest, AnEngineThatRefusesToStartIsLetGo) {
  spawn_fails_ = true;
  std::optional<Result<void>> launched;
  auto note = [&launched](Result<void> result) { launched = std::move(result); };
  fleet_.launch(note);
  settle();
  ASSERT_TRUE(launched);
  EXPECT_FALSE(*launched);
  EXPECT_EQ(fleet_.size(), 0U);
}

TEST_F(FleetTest, ALostEngineIsReplacedAtOnce) {
  launch();
  engine(0).tell(ControlKind::Beat, encode(BeatBody{3, 5, false}));
  settle();
  EXPECT_EQ(fleet_.sessions(), 3U);
  engine(0).die();
  settle();
  EXPECT_EQ(fleet_.serving(), 2U);
  EXPECT_EQ(fleet_.sessions(), 0U);
  EXPECT_EQ(engine(1).count(ControlKind::Start), 1U);
}

TEST_F(FleetTest, EnginesThatDieSoonAreReplacedSlowerAndSlower) {
  launch();
  engine(0).die();
  settle();
  EXPECT_EQ(spawns_, 2); // the first time at once
  engine(1).die();
  EXPECT_GE(until_spawned(3), pause);
  settle();
  engine(2).die();
  EXPECT_GE(until_spawned(4), 2 * pause);
  settle();
  engine(3).die();
  EXPECT_GE(until_spawned(5), 2 * pause); // no longer than that
}

TEST_F(FleetTest, StartsThatFailArePacedAndEndWithTheStop) {
  launch();
  spawn_fails_ = true;
  engine(0).die();
  settle();
  EXPECT_EQ(spawns_, 2);
  EXPECT_GE(until_spawned(3), pause);
  settle();
  bool stopped = false;
  fleet_.stop([&stopped] { stopped = true; });
  settle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(spawns_, 3);
}

TEST_F(FleetTest, AProvenEnginesSuccessorStartsAtOnce) {
  Fleet fleet{loop_,
              [this](int control) -> Result<::pid_t> {
                ++spawns_;
                engines_.push_back(std::make_unique<PlayedEngine>(loop_, control));
                return 0;
              },
              {[](const NewsBody&) {}, [](const NewsBody&) {}, [](Generation&) {}, [](Generation&) {}},
              {.proven = std::chrono::milliseconds(0)}};
  const std::string_view bundle[] = {"bundle"};
  fleet.set_bundle(1, std::move(*seal_in_memory(bundle)));
  fleet.launch([](const Result<void>&) {});
  for (int generation = 1; generation <= 4; ++generation) {
    settle();
    EXPECT_EQ(spawns_, generation);
    engines_.back()->die();
  }
}

TEST_F(FleetTest, AnEngineThatStartsDuringAReloadIsBroughtUpToDate) {
  launch();
  fleet_.launch([](const Result<void>&) {});
  while (engine(1).count(ControlKind::Start) == 0) loop_.run_one(); // its answer is under way
  const std::string_view bundle[] = {"newer"};
  fleet_.set_bundle(7, std::move(*seal_in_memory(bundle)));
  settle();
  EXPECT_EQ(decode<StartBody>(engine(1).last(ControlKind::Start))->settings, 1U);
  EXPECT_EQ(decode<TransactionBody>(engine(1).last(ControlKind::Prepare))->number, 7U);
  EXPECT_EQ(decode<TransactionBody>(engine(1).last(ControlKind::Commit))->number, 7U);
}

TEST_F(FleetTest, QuestionsReachEveryGeneration) {
  adopt(1).reply.body = "one";
  launch();
  engine(1).reply = {"NotFound", "not here", ""};
  auto answers = ask(ControlKind::List);
  ASSERT_EQ(answers.size(), 2U);
  for (auto& [generation, answer] : answers) {
    if (generation == 1)
      EXPECT_EQ(answer.value_or(""), "one");
    else
      EXPECT_EQ(answer.error().kind, Kind::NotFound);
  }
}

TEST_F(FleetTest, AQuestionEndsWithItsEngine) {
  launch();
  engine(0).silent = true;
  std::optional<Result<std::string>> answer;
  Fleet::Answers answers;
  loop::TaskGroup tasks(loop_);
  Fleet::Question question{.kind = ControlKind::List};
  tasks.spawn("ask", ask_into(std::move(question), answers));
  settle();
  EXPECT_EQ(tasks.size(), 1U);
  engine(0).die();
  settle();
  EXPECT_EQ(tasks.size(), 0U);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].second.error().kind, Kind::Gone);
}

TEST_F(FleetTest, AnswersToAPredecessorAreIgnored) {
  PlayedEngine& old = adopt(1);
  old.tell(ControlKind::Answer, encode(AnswerBody{"", "", "stale"}));
  old.tell(static_cast<ControlKind>(200), "of a later release");
  launch();
  EXPECT_EQ(ask(ControlKind::List).size(), 2U);
}

TEST_F(FleetTest, CountsOfOlderGenerationsReachTheOneThatAccepts) {
  PlayedEngine& first = adopt(1);
  PlayedEngine& second = adopt(2);
  launch();
  first.tell(ControlKind::Sources, encode(SourcesBody{{{"192.0.2.1", 2}, {"192.0.2.2", 1}}}));
  second.tell(ControlKind::Sources, encode(SourcesBody{{{"192.0.2.1", 3}}}));
  settle();
  auto counts = decode<SourcesBody>(engine(2).last(ControlKind::Elsewhere))->connections;
  EXPECT_EQ(counts["192.0.2.1"], 5U);
  EXPECT_EQ(counts["192.0.2.2"], 1U);
  first.die();
  settle();
  counts = decode<SourcesBody>(engine(2).last(ControlKind::Elsewhere))->connections;
  EXPECT_EQ(counts["192.0.2.1"], 3U);
  EXPECT_EQ(counts.count("192.0.2.2"), 0U);
}

AnswerBody penalties(std::vector<PenaltyRecord> records) {
  return {"", "", encode(PenaltiesBody{records.size(), records})};
}

TEST_F(FleetTest, PenaltiesAreHandedOverBeforeTheNewOneAccepts) {
  adopt(1).reply = penalties({{"192.0.2.1", "no-auth", 20000, true, 5}});
  adopt(2).reply =
      penalties({{"192.0.2.1", "auth-failure", 30000, false, 2}, {"2001:db8::/64", "no-auth", 1000}});
  adopt(3).reply = {"Unsupported", "a question of a later release", ""}; // of a release without penalties
  launch();
  const auto& got = engine(3).got;
  ASSERT_GE(got.size(), 2U);
  EXPECT_EQ(got[0], ControlKind::Penalise);
  EXPECT_EQ(got[1], ControlKind::Start);
  auto told = decode<PenaltiesBody>(engine(3).bodies[0]);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->penalties.size(), 2U);
  EXPECT_EQ(told->penalties[0].source, "192.0.2.1");
  EXPECT_EQ(told->penalties[0].left, 30000U);
  EXPECT_TRUE(told->penalties[0].refusing);
  EXPECT_EQ(told->penalties[0].refused, 5U);
  EXPECT_EQ(engine(3).count(ControlKind::Penalise), 2U) << "and what came together until it accepted";
}

TEST_F(FleetTest, AFirstEngineInheritsNoPenalties) {
  launch();
  EXPECT_EQ(engine(0).count(ControlKind::Penalise), 0U);
}

TEST_F(FleetTest, AFrozenGenerationDoesNotHoldUpTheStart) {
  adopt(1).silent = true;
  std::optional<Result<void>> launched;
  fleet_.launch([&launched](Result<void> result) { launched = std::move(result); });
  while (!launched) loop_.run_one(); // the deadline
  EXPECT_TRUE(*launched);
}

TEST_F(FleetTest, AnEngineThatDiesBeforeItsStartIsReported) {
  PlayedEngine& old = adopt(1);
  old.silent = true;
  std::optional<Result<void>> launched;
  fleet_.launch([&launched](Result<void> result) { launched = std::move(result); });
  engines_.back()->die();
  settle();
  EXPECT_FALSE(launched); // what the old one knows is waited for
  old.die();
  settle();
  ASSERT_TRUE(launched);
  EXPECT_FALSE(*launched);
  EXPECT_EQ(fleet_.serving(), 0U);
}

TEST_F(FleetTest, OffencesOfOlderGenerationsReachTheOneThatAccepts) {
  PlayedEngine& old = adopt(1);
  launch();
  old.tell(ControlKind::Offended, encode(OffenceBody{"192.0.2.1", "no-auth"}));
  settle();
  EXPECT_EQ(decode<OffenceBody>(engine(1).last(ControlKind::Blame))->address, "192.0.2.1");
  EXPECT_EQ(old.count(ControlKind::Blame), 0U);
}

TEST_F(FleetTest, APardonReachesAnEngineThatStarts) {
  adopt(1).reply = penalties({{"192.0.2.1", "no-auth", 20000, true, 5}});
  fleet_.launch([](const Result<void>&) {});
  engines_.back()->silent = true;
  settle();
  auto answers = ask(ControlKind::ClearPenalties);
  EXPECT_EQ(answers.size(), 1U) << "it is not waited for";
  EXPECT_EQ(engines_.back()->got,
            (std::vector{ControlKind::Penalise, ControlKind::Start, ControlKind::ClearPenalties}));
}

TEST_F(FleetTest, NewsComeFromEveryGeneration) {
  PlayedEngine& old = adopt(1);
  launch();
  old.tell(ControlKind::Closed, encode(NewsBody{5, "a"}));
  engine(1).tell(ControlKind::Opened, encode(NewsBody{1000000001, "b"}));
  settle();
  EXPECT_EQ(news_, (std::vector<std::string>{"kept 2", "-a", "+b"}));
}

TEST_F(FleetTest, TheLastWordOfAnEngineIsHeard) {
  PlayedEngine& old = adopt(4);
  launch();
  EXPECT_TRUE(fleet_.has(4));
  old.tell(ControlKind::Measured, encode(ReadingsBody{{{"alknet_logins_accepted_total", {}, 3}}}));
  old.tell(ControlKind::Measured, "unreadable");
  old.die();
  settle();
  EXPECT_EQ(news_, (std::vector<std::string>{"kept 5", "measured 4: 3", "gone 4"}));
  EXPECT_FALSE(fleet_.has(4));
  engine(1).die();
  settle();
  EXPECT_EQ(fleet_.engines_started(), 2U);
  EXPECT_EQ(fleet_.engines_lost(), 1U); // the other one had nothing to do any more
}

TEST_F(FleetTest, StopWaitsForEveryGeneration) {
  PlayedEngine& old = adopt(1);
  launch();
  bool stopped = false;
  fleet_.stop([&stopped] { stopped = true; });
  settle();
  EXPECT_EQ(old.count(ControlKind::Stop), 1U);
  EXPECT_EQ(engine(1).count(ControlKind::Stop), 1U);
  engine(1).die();
  settle();
  EXPECT_FALSE(stopped);
  EXPECT_EQ(engines_.size(), 2U); // nothing is started any more
  old.die();
  settle();
  EXPECT_TRUE(stopped);
}

} // namespace
} // namespace alk::listend::fleet_test
