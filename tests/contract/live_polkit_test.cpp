// Methods whose table names a polkit action, against a polkit of our own on a real dbus-daemon.
#include "live_bus.hpp"

namespace alk::bus {
namespace {

// polkit as far as we use it, on the same bus; and a service whose caller is an administrator, not root.
struct LivePolkit : LiveBus {
  static constexpr const char* polkit_name = "org.freedesktop.PolicyKit1";
  static constexpr PolicyRule anyone_asks[] = {{"CheckAuthorization", Who::Anyone}};
  static constexpr PolicyRule granted[] = {{"Change", Who::Admin, "org.alknet.Test1.change"},
                                           {"Look", Who::Admin}};
  std::unique_ptr<Connection> authority = open();
  std::unique_ptr<Object> polkit;
  std::vector<Call> questions;
  std::string subject, action;
  std::uint32_t flags = 9;
  int changes = 0, looks = 0;
  bool is_admin = true;

  Result<void> read_question(Message& in) {
    ALK_TRY_VOID(in.read_inside('r', "sa{sv}", [&]() -> Result<void> {
      ALK_TRY(auto kind, in.read_text());
      ALK_TRY(auto details, in.read_dictionary());
      auto* bus_name = find<std::string>(details, "name");
      subject = kind + " " + (bus_name ? *bus_name : "");
      return {};
    }));
    ALK_TRY(action, in.read_text());
    ALK_TRY_VOID(in.skip("a{ss}"));
    ALK_TRY(flags, in.read_u32());
    return {};
  }

  static void answer(Call& call, bool is_granted) {
    call.out.write_inside('r', "bba{ss}", [&] {
      call.out.write_bool(is_granted).write_bool(!is_granted);
      call.out.write_inside('a', "{ss}", [] {});
    });
    call.finish({});
  }

  void serve_polkit() {
    Interface interface {
      "org.freedesktop.PolicyKit1.Authority",
          {{"CheckAuthorization",
            {{"(sa{sv})", "subject"}, {"s", "action"}, {"a{ss}", "details"}, {"u", "flags"}, {"s", "id"}},
            {{"(bba{ss})", "result"}},
            [this](Call call) {
              EXPECT_TRUE(read_question(call.in));
              questions.push_back(std::move(call));
            }}},
          {}, {}, anyone_asks
    };
    auto made = Object::make(*authority, "/org/freedesktop/PolicyKit1/Authority", std::move(interface));
    ASSERT_TRUE(made) << made.error().describe();
    polkit = std::move(*made);
    ASSERT_TRUE(authority->request_name(polkit_name));
  }

  void SetUp() override {
    auto counting = [](int& counter) {
      return Method::Answer([&counter](Call&) -> Result<void> {
        ++counter;
        return {};
      });
    };
    Interface interface {
      name, {{"Change", {}, {}, counting(changes)}, {"Look", {}, {}, counting(looks)}}, {}, {}, granted
    };
    Accounts accounts{0xfffffffe, std::nullopt, [this](std::uint32_t) { return is_admin; }, 0xfffffffd};
    auto made = Object::make(*service, path, std::move(interface), accounts);
    ASSERT_TRUE(made) << made.error().describe();
    object = std::move(*made);
    ASSERT_TRUE(service->request_name(name));
  }

  // Sends Change and waits until polkit has been asked `count` times.
  std::optional<Result<Message>> change_;
  void change_and_wait(std::size_t count = 1) {
    client->call(client->make_call(target, "Change"), milliseconds(10000),
                 [this](Result<Message> result) { change_ = std::move(result); });
    ASSERT_TRUE(run_until([&] { return questions.size() == count || change_; }));
  }
};

TEST_F(LivePolkit, AGrantLetsTheCallThrough) {
  serve_polkit();
  change_and_wait();
  const char* unique = "";
  ::sd_bus_get_unique_name(client->raw(), &unique);
  EXPECT_EQ(subject, std::string("system-bus-name ") + unique);
  EXPECT_EQ(action, "org.alknet.Test1.change");
  EXPECT_EQ(flags, 0u);
  EXPECT_EQ(changes, 0); // not before the answer
  answer(questions[0], true);
  ASSERT_TRUE(run_until([&] { return change_.has_value(); }));
  EXPECT_TRUE(*change_);
  EXPECT_EQ(changes, 1);
}

TEST_F(LivePolkit, ARefusalIsDenied) {
  serve_polkit();
  change_and_wait();
  answer(questions[0], false);
  ASSERT_TRUE(run_until([&] { return change_.has_value(); }));
  EXPECT_EQ(change_->error().kind, Kind::Denied);
  EXPECT_EQ(changes, 0);
}

TEST_F(LivePolkit, WithoutPolkitAdministratorsLookAndChangeNothing) {
  EXPECT_EQ(call(*client, "Change").error().kind, Kind::Denied);
  EXPECT_TRUE(call(*client, "Look"));
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(looks, 1);
}

TEST_F(LivePolkit, ASilentPolkitIsDeniedAtTheDeadline) {
  serve_polkit();
  EXPECT_EQ(call(*client, "Change").error().kind, Kind::Denied); // the client would wait for 10 s
  EXPECT_EQ(questions.size(), 1u);
  EXPECT_EQ(changes, 0);
}

TEST_F(LivePolkit, StrangersAreNotWorthAQuestion) {
  serve_polkit();
  is_admin = false;
  EXPECT_EQ(call(*client, "Change").error().kind, Kind::Denied);
  EXPECT_TRUE(questions.empty());
}

TEST_F(LivePolkit, WhoAllowsItMayBeAskedForAPassword) {
  serve_polkit();
  auto message = client->make_call(target, "Change");
  ::sd_bus_message_set_allow_interactive_authorization(message.raw(), 1);
  client->call(std::move(message), milliseconds(10000),
               [this](Result<Message> r) { change_ = std::move(r); });
  ASSERT_TRUE(run_until([&] { return questions.size() == 1; }));
  EXPECT_EQ(flags, 1u);
  answer(questions[0], true);
  ASSERT_TRUE(run_until([&] { return change_.has_value(); }));
  EXPECT_TRUE(*change_);
}

TEST_F(LivePolkit, FewQuestionsAtATime) {
  serve_polkit();
  for (std::size_t i = 1; i <= 8; ++i) change_and_wait(i);
  change_and_wait(9);
  ASSERT_TRUE(change_);
  EXPECT_EQ(change_->error().kind, Kind::Busy);
  for (auto& question : questions) answer(question, true);
  ASSERT_TRUE(run_until([&] { return changes == 8; }));
}

TEST_F(LivePolkit, AnAnswerAfterTheEndOfTheObjectServesNothing) {
  serve_polkit();
  change_and_wait();
  object.reset();
  answer(questions[0], true);
  ASSERT_TRUE(run_until([&] { return change_.has_value(); }));
  EXPECT_EQ(change_->error().kind, Kind::Gone);
  EXPECT_EQ(changes, 0);
}

} // namespace
} // namespace alk::bus
