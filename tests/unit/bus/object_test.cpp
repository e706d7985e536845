#include "bus/error_map.hpp"
#include "bus/object.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "pair.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace alk::bus::test::object_test {
namespace {

constexpr PolicyRule policy_rules[] = {
    {"Echo", Who::Anyone}, {"Later", Who::Anyone}, {"Fail", Who::Anyone},
    {"Drop", Who::Anyone}, {"Guarded", Who::Root}, {read_properties, Who::Anyone},
};

// The caller of these tests is this process: the service must not take it for itself.
Accounts strangers() {
  return {0xfffffffe, std::nullopt, nullptr};
}

struct ObjectTest : testing::Test {
  asio::io_context loop;
  Pair pair{loop};
  std::optional<Call> kept;
  Error error{Kind::Busy, "try later", {}, {}};
  std::uint32_t caller = 0;
  int guarded_calls = 0;
  std::unique_ptr<Object> object;

  Interface interface() {
    return {
        "org.alknet.Test1",
        {
            {"Echo",
             {{"s", "text"}, {"a{sv}", "facts"}},
             {{"s", "text"}, {"a{sv}", "facts"}},
             [this](Call& call) -> Result<void> {
               caller = call.sender_uid();
               ALK_TRY(auto text, call.in.read_text());
               ALK_TRY(auto facts, call.in.read_dictionary());
               call.out.write_text(text).write_dictionary(facts);
               return {};
             }},
            {"Later", {}, {{"u", "number"}}, [this](Call call) { kept.emplace(std::move(call)); }},
            {"Fail", {}, {}, [this](Call&) -> Result<void> { return Failure(error); }},
            {"Drop", {}, {}, [](Call) {}},
            {"Guarded",
             {},
             {},
             [this](Call&) -> Result<void> {
               ++guarded_calls;
               return {};
             }},
            {"Unlisted",
             {},
             {},
             [this](Call&) -> Result<void> {
               ++guarded_calls;
               return {};
             }},
        },
        {
            {"Version", "s", Emits::Constant, [](Message& out) { out.write_text("1.2"); }},
            {"Generation", "t", Emits::Change, [](Message& out) { out.write_u64(7); }},
            {"Sessions", "u", Emits::Never, [](Message& out) { out.write_u32(3); }},
        },
        {{"Changed", {{"t", "generation"}, {"as", "revoked"}}}},
        policy_rules,
    };
  }

  void SetUp() override { serve(strangers()); }

  void serve(Accounts accounts) {
    object.reset();
    auto made = Object::make(*pair.server, path, interface(), std::move(accounts));
    ASSERT_TRUE(made) << made.error().describe();
    object = std::move(*made);
  }

  Result<Message> call(const char* member, const std::function<void(Message&)>& fill = nullptr,
                       const char* on = target.interface) {
    auto message = pair.client->make_call({nullptr, path, on}, member);
    if (fill) fill(message);
    std::optional<Result<Message>> answer;
    pair.client->call(std::move(message), std::chrono::seconds(8),
                      [&](Result<Message> result) { answer = std::move(result); });
    EXPECT_TRUE(run_until(loop, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Result<Message>(fail(Kind::Broken, "no answer at all"));
  }

  Result<Message> get(const char* property) {
    return call(
        "Get", [&](Message& m) { m.write_text("org.alknet.Test1").write_text(property); },
        "org.freedesktop.DBus.Properties");
  }
};

TEST_F(ObjectTest, AnswersAtOnce) {
  Dictionary facts{{"address", "192.0.2.1"}, {"port", std::uint16_t{22}}};
  auto reply = call("Echo", [&](Message& m) { m.write_text("hello").write_dictionary(facts); });
  ASSERT_TRUE(reply) << reply.error().describe();
  EXPECT_EQ(*reply->read_text(), "hello");
  EXPECT_EQ(*reply->read_dictionary(), facts);
  EXPECT_EQ(caller, ::geteuid());
}

TEST_F(ObjectTest, AnswersLater) {
  std::optional<Result<Message>> answer;
  pair.client->call(pair.client->make_call(target, "Later"), std::chrono::seconds(8),
                    [&](Result<Message> result) { answer = std::move(result); });
  ASSERT_TRUE(run_until(loop, [&] { return kept.has_value(); }));
  EXPECT_FALSE(answer);
  kept->out.write_u32(42);
  kept->finish({});
  ASSERT_TRUE(run_until(loop, [&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer);
  EXPECT_EQ(*(*answer)->read_u32(), 42u);
}

TEST_F(ObjectTest, EveryErrorKindCrossesTheBus) {
  for (const auto& entry : error_names()) {
    error = Error{entry.kind, "one sentence", {}, {"a trail that stays here"}};
    auto reply = call("Fail");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, entry.kind) << entry.name;
    EXPECT_EQ(reply.error().what == "one sentence", entry.kind != Kind::Broken);
  }
}

TEST_F(ObjectTest, ADroppedCallIsAnInternalError) {
  auto reply = call("Drop");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, Kind::Broken);
}

TEST_F(ObjectTest, WrongArgumentsAreRefusedBeforeTheHandler) {
  auto reply = call("Echo", [](Message& m) { m.write_u32(1); });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, Kind::Invalid);
  EXPECT_EQ(call("NoSuchMember").error().kind, Kind::Unsupported);
}

TEST_F(ObjectTest, PolicyDeniesOthersAndWhatIsNotListed) {
  if (::geteuid() != 0) {
    EXPECT_EQ(call("Guarded").error().kind, Kind::Denied);
  }
  EXPECT_EQ(call("Unlisted").error().kind, Kind::Denied);
  EXPECT_EQ(guarded_calls, 0);
  serve({::geteuid(), std::nullopt, nullptr});
  EXPECT_TRUE(call("Guarded"));
  EXPECT_EQ(call("Unlisted").error().kind, Kind::Denied);
  EXPECT_EQ(guarded_calls, 1);
}

TEST_F(ObjectTest, ReadsProperties) {
  auto reply = get("Generation");
  ASSERT_TRUE(reply) << reply.error().describe();
  EXPECT_EQ(std::get<std::uint64_t>(*reply->read_value()), 7u);
  EXPECT_EQ(get("Missing").error().kind, Kind::Unsupported);
}

TEST_F(ObjectTest, SignalsArrive) {
  std::uint64_t generation = 0;
  std::vector<std::string> revoked;
  auto slot = pair.client->match_signal(target, "Changed", [&](Message& message) {
    generation = message.read_u64().value_or(0);
    revoked = message.read_texts().value_or(std::vector<std::string>{});
  });
  auto signal = object->make_signal("Changed");
  std::vector<std::string> ids{"a", "b"};
  signal.write_u64(9).write_texts(ids);
  ASSERT_TRUE(object->emit(std::move(signal)));
  ASSERT_TRUE(run_until(loop, [&] { return generation != 0; }));
  EXPECT_EQ(generation, 9u);
  EXPECT_EQ(revoked, ids);
}

TEST_F(ObjectTest, PropertyChangesAreAnnounced) {
  std::optional<Dictionary> changed;
  auto slot = pair.client->match_signal({nullptr, path, "org.freedesktop.DBus.Properties"},
                                        "PropertiesChanged", [&](Message& message) {
                                          static_cast<void>(message.read_text());
                                          changed = message.read_dictionary().value_or(Dictionary{});
                                        });
  ASSERT_TRUE(object->changed({"Generation"}));
  ASSERT_TRUE(run_until(loop, [&] { return changed.has_value(); }));
  EXPECT_EQ(*changed, (Dictionary{{"Generation", std::uint64_t{7}}}));
}

TEST_F(ObjectTest, IntrospectionOfTheTableEqualsTheLiveOne) {
  auto reply = call("Introspect", nullptr, "org.freedesktop.DBus.Introspectable");
  ASSERT_TRUE(reply) << reply.error().describe();
  std::string live = *reply->read_text();
  std::string table = introspection_xml(interface());
  EXPECT_NE(table.find("<property name=\"Sessions\" type=\"u\" access=\"read\">"), std::string::npos);
  for (const char* part :
       {"<arg name=\"facts\" type=\"a{sv}\" direction=\"in\"/>", "<method name=\"Later\">",
        "<signal name=\"Changed\">", "<property name=\"Version\" type=\"s\" access=\"read\">"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << " in " << table;
  }
  EXPECT_NE(live.find("direction=\"in\""), std::string::npos);
  EXPECT_NE(live.find("name=\"facts\""), std::string::npos) << live;
}

} // namespace
} // namespace alk::bus::test::object_test
