// AccountClient against a Store1 of our own on the other end of a socket pair.
#include "clients/account_client.hpp"
#include "loop/asio.hpp"
#include "pair.hpp"

#include <gmock/gmock.h>

namespace alk::clients::account_client_test {
namespace {

using bus::Call;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr bus::PolicyRule anyone[] = {
    {"Authenticate", bus::Who::Anyone}, {"GetRevision", bus::Who::Anyone}, {"MarkUsed", bus::Who::Anyone}};

struct AccountClientTest : ::testing::Test {
  asio::io_context loop;
  bus::test::Pair pair{loop};
  std::unique_ptr<bus::Object> object;
  std::optional<AccountClient> client;
  std::string seen; // the question
  bool accept = true;
  bus::Dictionary facts{{"account", std::string("a-uuid")}, {"credential", std::string("key-1")}};
  Uses uses;

  Result<void> authenticate(Call& call) {
    ALK_TRY(std::string kind, call.in.read_text());
    ALK_TRY(std::string value, call.in.read_text());
    seen = kind + " " + value;
    call.out.write_bool(accept).write_text(accept ? "" : "revoked").write_dictionary(facts);
    call.out.write_string_lists({{"service", {"s"}}}).write_u64(7);
    return {};
  }

  Result<void> mark_used(Call& call) {
    auto use = [&]() -> Result<void> {
      ALK_TRY(std::string id, call.in.read_text());
      ALK_TRY(std::uint64_t when, call.in.read_u64());
      uses.emplace_back(id, when);
      return {};
    };
    return call.in.read_each("(st)", [&] { return call.in.read_inside('r', "st", use); });
  }

  void SetUp() override {
    bus::Interface interface {
      "org.alknet.Store1",
          {{"Authenticate",
            {{"s", "kind"}, {"s", "value"}},
            {{"b", "accepted"},
             {"s", "reason"},
             {"a{sv}", "facts"},
             {"a{sas}", "resources"},
             {"t", "revision"}},
            [this](Call& call) { return authenticate(call); }},
           {"GetRevision",
            {},
            {{"t", "revision"}},
            [](Call& call) -> Result<void> {
              call.out.write_u64(9);
              return {};
            }},
           {"MarkUsed", {{"a(st)", "uses"}}, {}, [this](Call& call) { return mark_used(call); }}},
          {}, {{"Changed", {{"t", "revision"}}}}, anyone
    };
    auto made = bus::Object::make(*pair.server, "/org/alknet/Store1", std::move(interface));
    ASSERT_TRUE(made);
    object = std::move(*made);
    client.emplace(*pair.client);
  }

  Result<AccountAnswer> ask() {
    std::optional<Result<AccountAnswer>> answer;
    client->authenticate("fingerprint", "SHA256:x", 8s, [&](Result<AccountAnswer> told) { answer = told; });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer ? *answer : Result<AccountAnswer>(fail(Kind::Broken, "no answer at all"));
  }
};

TEST_F(AccountClientTest, ReadsWhatIsThere) {
  facts["line"] = std::string("ssh-ed25519 AAAA");
  facts["scopes"] = std::vector<std::string>{"x", "y"};
  facts["expires"] = std::uint64_t{1'800'000'000};
  auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(seen, "fingerprint SHA256:x");
  EXPECT_TRUE(answer->accepted);
  EXPECT_EQ(answer->account, "a-uuid");
  EXPECT_EQ(answer->credential, "key-1");
  EXPECT_EQ(answer->line, "ssh-ed25519 AAAA");
  EXPECT_THAT(answer->scopes, ElementsAre("x", "y"));
  EXPECT_EQ(answer->expires, 1'800'000'000U);
  EXPECT_EQ(answer->resources.at("service"), std::vector<std::string>{"s"});
  EXPECT_EQ(answer->revision, 7U);
}

TEST_F(AccountClientTest, ARefusalNeedsNoFacts) {
  accept = false;
  facts.clear();
  auto answer = ask();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->accepted);
  EXPECT_EQ(answer->reason, "revoked");
  EXPECT_FALSE(answer->expires);
}

TEST_F(AccountClientTest, NobodyIsLetInWithoutAName) {
  for (const char* missing : {"account", "credential"}) {
    auto all = facts;
    facts.erase(missing);
    auto answer = ask();
    ASSERT_FALSE(answer) << missing;
    EXPECT_EQ(answer.error().kind, Kind::Broken);
    facts = all;
  }
  facts["account"] = std::uint64_t{1}; // not the type of the contract
  EXPECT_FALSE(ask());
}

TEST_F(AccountClientTest, RevisionUsesAndNews) {
  std::optional<std::uint64_t> revision, changed;
  bool marked = false;
  client->on_changed([&](std::uint64_t number) { changed = number; });
  client->revision(8s, [&](Result<std::uint64_t> told) { revision = told.value_or(0); });
  client->mark_used({{"key-1", 5}, {"key-2", 6}}, 8s, [&](Result<void> done) { marked = done.has_value(); });
  auto signal = object->make_signal("Changed");
  signal.write_u64(10);
  ASSERT_TRUE(object->emit(std::move(signal)));
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return revision && changed && marked; }));
  EXPECT_EQ(revision, 9U);
  EXPECT_EQ(changed, 10U);
  EXPECT_EQ(uses, (Uses{{"key-1", 5}, {"key-2", 6}}));
}

} // namespace
} // namespace alk::clients::account_client_test
