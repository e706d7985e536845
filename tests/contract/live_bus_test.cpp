// lib/bus and lib/clients against a real dbus-daemon of our own.
#include "clients/listen_client.hpp"
#include "live_bus.hpp"

namespace alk::bus {
namespace {

TEST_F(LiveBus, NamesComeAndGo) {
  std::vector<bool> seen;
  auto slot = client->watch_name(name, [&](bool present) { seen.push_back(present); });
  ASSERT_TRUE(run_until([&] { return seen.size() == 1; }));
  EXPECT_EQ(call(*client, "WhoAmI").error().kind, Kind::Gone);
  ASSERT_TRUE(service->request_name(name));
  ASSERT_TRUE(run_until([&] { return seen.size() == 2; }));
  EXPECT_EQ(client->request_name(name).error().kind, Kind::Conflict);
  ASSERT_TRUE(service->release_name(name));
  ASSERT_TRUE(run_until([&] { return seen.size() == 3; }));
  EXPECT_EQ(seen, (std::vector<bool>{false, true, false}));
}

TEST_F(LiveBus, TheSendersUserComesFromTheBus) {
  ASSERT_TRUE(service->request_name(name));
  for (int i = 0; i < 2; ++i) { // the second time from the table
    auto reply = call(*client, "WhoAmI");
    ASSERT_TRUE(reply) << reply.error().describe();
    EXPECT_EQ(*reply->read_u32(), ::geteuid());
  }
}

TEST_F(LiveBus, ThreeHundredCallsStayBelowTheLimitOfTheBus) {
  ASSERT_TRUE(service->request_name(name));
  std::size_t good = 0, bad = 0;
  for (int i = 0; i < 300; ++i)
    client->call(client->make_call(target, "Keep"), milliseconds(15000),
                 [&](Result<Message> r) { ++(r ? good : bad); });
  ASSERT_TRUE(run_until([&] { return kept.size() == max_in_flight; }));
  auto answer_all = [&] {
    for (auto& one : std::exchange(kept, {})) one.finish({});
    return good + bad == 300;
  };
  ASSERT_TRUE(run_until(answer_all));
  EXPECT_EQ(bad, 0u);
}

TEST_F(LiveBus, OnlyTheOwnerOfANameSpeaksForIt) {
  ASSERT_TRUE(service->request_name(name));
  std::vector<std::uint32_t> heard;
  auto slot =
      client->match_signal(target, "Changed", [&](Message& m) { heard.push_back(m.read_u32().value_or(0)); });
  ASSERT_TRUE(call(*client, "WhoAmI")); // the match is in place after this
  auto forger = open();
  auto broadcast = forger->make_signal(path, name, "Changed");
  broadcast.write_u32(666);
  ASSERT_TRUE(forger->send(std::move(broadcast)));
  const char* unique = nullptr;
  ASSERT_GE(::sd_bus_get_unique_name(client->raw(), &unique), 0);
  auto unicast = forger->make_signal(path, name, "Changed"); // sd-bus alone would take this one
  unicast.write_u32(667);
  ASSERT_GE(::sd_bus_message_set_destination(unicast.raw(), unique), 0);
  ASSERT_TRUE(forger->send(std::move(unicast)));
  forger->flush();
  auto signal = object->make_signal("Changed");
  signal.write_u32(1);
  ASSERT_TRUE(object->emit(std::move(signal)));
  ASSERT_TRUE(run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, (std::vector<std::uint32_t>{1}));
}

TEST_F(LiveBus, AClosedBusIsNoticed) {
  bool lost = false;
  client->on_disconnect([&] { lost = true; });
  ASSERT_TRUE(service->request_name(name));
  std::optional<Result<Message>> answer;
  client->call(client->make_call(target, "Keep"), milliseconds(15000),
               [&](Result<Message> r) { answer = std::move(r); });
  ASSERT_TRUE(run_until([&] { return kept.size() == 1; }));
  daemon.stop();
  ASSERT_TRUE(run_until([&] { return lost && answer; }));
  EXPECT_EQ(answer->error().kind, Kind::Gone);
  EXPECT_FALSE(client->connected());
  EXPECT_EQ(client->request_name("org.alknet.Other1").error().kind, Kind::Gone);
  EXPECT_EQ(call(*client, "WhoAmI").error().kind, Kind::Gone);
}

TEST_F(LiveBus, WhatMustOutliveTheBusComesBackWithIt) {
  ASSERT_TRUE(service->request_name(name));
  std::vector<bool> seen;
  std::vector<std::uint32_t> heard;
  int back = 0;
  auto watch = client->watch_name(name, [&](bool present) { seen.push_back(present); });
  auto match =
      client->match_signal(target, "Changed", [&](Message& m) { heard.push_back(m.read_u32().value_or(0)); });
  service->come_back_when_lost([&] { ++back; });
  client->come_back_when_lost([&] { ++back; });
  ASSERT_TRUE(call(*client, "WhoAmI"));
  std::optional<Result<Message>> answer;
  client->call(client->make_call(target, "Keep"), milliseconds(15000),
               [&](Result<Message> r) { answer = std::move(r); });
  ASSERT_TRUE(run_until([&] { return kept.size() == 1; }));
  daemon.stop();
  ASSERT_TRUE(run_until([&] { return answer && !seen.empty() && !seen.back(); }));
  daemon.start();
  ASSERT_TRUE(run_until([&] { return back == 2 && seen.back(); }));
  kept[0].finish({}); // for a caller of the old bus: dropped
  auto reply = call(*client, "WhoAmI");
  ASSERT_TRUE(reply) << reply.error().describe();
  EXPECT_EQ(*reply->read_u32(), ::geteuid());
  auto signal = object->make_signal("Changed");
  signal.write_u32(2);
  ASSERT_TRUE(object->emit(std::move(signal)));
  ASSERT_TRUE(run_until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(seen, (std::vector<bool>{true, false, true}));
}

// A listend of the minimum that alknetctl can ask.
struct LiveListen : LiveBus {
  static constexpr PolicyRule rules[] = {{"ListSessions", Who::Anyone},
                                         {"Explain", Who::Anyone},
                                         {"Reload", Who::Anyone},
                                         {"Disconnect", Who::Root},
                                         {read_properties, Who::Anyone}};
  std::unique_ptr<Object> listen;

  static Result<void> list(Call& call) {
    Dictionary session{{"id", std::uint64_t{7}},
                       {"identity", "SHA256:x"},
                       {"user", "alice"},
                       {"remote_addr", "192.0.2.1"},
                       {"remote_port", std::uint16_t{9}},
                       {"since", std::uint64_t{5}},
                       {"channels", std::uint32_t{3}},
                       {"added-later", true}};
    call.out.write_dictionaries(std::span(&session, 1));
    return {};
  }

  static Result<void> explain(Call& call) {
    ALK_TRY(auto identity, call.in.read_text());
    ALK_TRY(auto destination, call.in.read_text());
    if (destination.empty()) return fail(Kind::Invalid, "HOST:PORT expected");
    call.out.write_bool(false).write_i32(-1).write_text(identity + " default");
    return {};
  }

  static Result<void> reload(Call&) {
    return fail(Kind::Invalid, "alknet.toml:3: limits.x: unknown key\nsecond");
  }

  static void write_listeners(Message& out) {
    out.write_inside('a', "(sssb)", [&] {
      out.write_inside('r', "sssb", [&] {
        out.write_text("tls").write_text("tls").write_text("[::]:443").write_bool(true);
      });
    });
  }

  void SetUp() override {
    Interface interface {
      "org.alknet.Listen1",
          {{"ListSessions", {}, {{"aa{sv}", "sessions"}}, Method::Answer(list)},
           {"Explain",
            {{"s", "identity"}, {"s", "destination"}, {"s", "transport"}},
            {{"b", "allowed"}, {"i", "rule"}, {"s", "text"}},
            Method::Answer(explain)},
           {"Reload",
            {},
            {{"t", "generation"}, {"as", "changed"}, {"as", "restart"}},
            Method::Answer(reload)}},
          {{"Version", "s", Emits::Constant, [](Message& out) { out.write_text("1.2"); }},
           {"Sessions", "u", Emits::Never, [](Message& out) { out.write_u32(4); }},
           {"Listeners", "a(sssb)", Emits::Change, write_listeners},
           {"AuthAvailable", "b", Emits::Change, [](Message& out) { out.write_bool(true); }}},
          {}, rules
    };
    auto made = Object::make(*service, "/org/alknet/Listen1", std::move(interface));
    ASSERT_TRUE(made) << made.error().describe();
    listen = std::move(*made);
  }

  // alknetctl's side, on a thread of its own as it is a process of its own.
  void ask(const std::function<void(clients::ListenClient&)>& questions) {
    std::atomic<bool> done = false;
    std::thread tool([&] {
      auto connection = BlockingConnection::open(daemon.address());
      ASSERT_TRUE(connection);
      clients::ListenClient listener(*connection);
      questions(listener);
      done = true;
    });
    EXPECT_TRUE(run_until([&] { return done.load(); }));
    tool.join();
  }
};

TEST_F(LiveListen, AnswersAlknetctl) {
  ASSERT_TRUE(service->request_name("org.alknet.Listen1"));
  ask([](clients::ListenClient& listener) {
    auto sessions = listener.list_sessions();
    ASSERT_TRUE(sessions) << sessions.error().describe();
    ASSERT_EQ(sessions->size(), 1u);
    EXPECT_EQ(sessions->front().id, 7u);
    EXPECT_EQ(sessions->front().remote_port, 9u);
    EXPECT_EQ(sessions->front().transport, "");
    auto status = listener.status();
    ASSERT_TRUE(status) << status.error().describe();
    EXPECT_EQ(status->version, "1.2");
    EXPECT_EQ(status->sessions, 4u);
    EXPECT_TRUE(status->auth_available);
    ASSERT_EQ(status->listeners.size(), 1u);
    EXPECT_EQ(status->listeners[0].address, "[::]:443");
    EXPECT_TRUE(status->listeners[0].active);
    auto explanation = listener.explain("me", "db:5432", "tcp");
    ASSERT_TRUE(explanation);
    EXPECT_EQ(explanation->text, "me default");
    EXPECT_EQ(listener.explain("me", "", "tcp").error().kind, Kind::Invalid);
    EXPECT_EQ(listener.reload().error().what, "alknet.toml:3: limits.x: unknown key\nsecond");
    EXPECT_EQ(listener.disconnect(1).error().kind, Kind::Unsupported); // this one does not offer it
  });
}

TEST_F(LiveListen, AListenerThatDoesNotRunIsGone) {
  ask([](clients::ListenClient& listener) { EXPECT_EQ(listener.status().error().kind, Kind::Gone); });
}

} // namespace
} // namespace alk::bus
