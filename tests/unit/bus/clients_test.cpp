// AuthClient against an Auth1 of our own on the other end of a socket pair.
#include "base/identity.hpp"
#include "clients/auth_client.hpp"
#include "clients/identity_wire.hpp"
#include "clients/metrics_wire.hpp"
#include "loop/pool.hpp"
#include "loop/task_group.hpp"
#include "pair.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace alk::clients::clients_test {
namespace {

using bus::Call;

constexpr bus::PolicyRule anyone[] = {
    {"VerifyPublicKey", bus::Who::Anyone}, {"FindRevoked", bus::Who::Anyone}, {"Commit", bus::Who::Anyone}};

struct AuthClientTest : testing::Test {
  asio::io_context loop;
  bus::test::Pair pair{loop};
  std::unique_ptr<bus::Object> object;
  std::optional<AuthClient> client;
  std::string seen_user;
  bus::Dictionary seen_facts;
  bus::Dictionary constraints;
  bool accept = true;
  std::vector<std::size_t> portions;

  Result<void> verify(Call& call) {
    ALK_TRY(auto key, call.in.read_bytes(16384));
    ALK_TRY(seen_user, call.in.read_text());
    ALK_TRY(seen_facts, call.in.read_dictionary());
    if (key.empty()) return fail(Kind::Invalid, "malformed key");
    call.out.write_bool(accept).write_text(accept ? "" : "unknown-key").write_text(accept ? "SHA256:x" : "");
    std::vector<std::string> scopes{"relay:connect"};
    call.out.write_texts(scopes).write_string_lists({{"fs", {"a", "b"}}}).write_dictionary(constraints);
    return {};
  }

  Result<void> find_revoked(Call& call) {
    ALK_TRY(auto ids, call.in.read_texts());
    portions.push_back(ids.size());
    std::vector<std::string> first(ids.begin(), ids.begin() + 1);
    call.out.write_texts(first);
    return {};
  }

  void SetUp() override {
    bus::Interface interface {
      "org.alknet.Auth1",
          {{"VerifyPublicKey",
            {{"ay", "key"}, {"s", "user"}, {"a{sv}", "peer"}},
            {{"b", "accepted"},
             {"s", "reason"},
             {"s", "id"},
             {"as", "scopes"},
             {"a{sas}", "resources"},
             {"a{sv}", "constraints"}},
            [this](Call& call) { return verify(call); }},
           {"FindRevoked",
            {{"as", "ids"}},
            {{"as", "revoked"}},
            [this](Call& call) { return find_revoked(call); }},
           {"Commit",
            {{"t", "transaction"}},
            {{"t", "generation"}},
            [](Call&) -> Result<void> { return fail(Kind::NotFound, "no such transaction"); }}},
          {}, {{"Changed", {{"t", "generation"}, {"as", "revoked"}}}}, anyone
    };
    auto made = bus::Object::make(*pair.server, "/org/alknet/Auth1", std::move(interface));
    ASSERT_TRUE(made);
    object = std::move(*made);
    client.emplace(*pair.client);
  }

  template <class T>
  Result<T> wait_for(Task<Result<T>> task, asio::io_context& where) {
    std::optional<Result<T>> answer;
    std::atomic<bool> done = false;
    auto run = [&](Task<Result<T>> inner) -> Task<> {
      answer = co_await std::move(inner);
      done = true;
    };
    asio::co_spawn(where, run(std::move(task)), [](std::exception_ptr error) { ALK_CHECK(!error); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return done.load(); }));
    return answer ? std::move(*answer) : Result<T>(fail(Kind::Broken, "no answer at all"));
  }

  LoginRequest request{"key", "alice", {"192.0.2.1", 1234, "tls"}};
};

TEST_F(AuthClientTest, ALoginCarriesEverything) {
  constraints = {{"permitopen", std::vector<std::string>{"db:5432"}},
                 {"no-port-forwarding", true},
                 {"expires", std::uint64_t{99}}};
  auto login = wait_for(client->verify_public_key(request), loop);
  ASSERT_TRUE(login) << login.error().describe();
  EXPECT_TRUE(login->accepted);
  EXPECT_EQ(login->identity, (Identity{"SHA256:x", {"relay:connect"}, {{"fs", {"a", "b"}}}}));
  EXPECT_EQ(login->constraints.permit_open, std::vector<std::string>{"db:5432"});
  EXPECT_FALSE(login->constraints.permit_listen);
  EXPECT_TRUE(login->constraints.no_port_forwarding);
  EXPECT_EQ(login->constraints.expires, 99u);
  EXPECT_EQ(seen_user, "alice");
  EXPECT_EQ(seen_facts,
            (bus::Dictionary{{"address", "192.0.2.1"}, {"port", std::uint16_t{1234}}, {"transport", "tls"}}));
}

TEST_F(AuthClientTest, ARefusalIsAnAnswer) {
  accept = false;
  auto login = wait_for(client->verify_public_key(request), loop);
  ASSERT_TRUE(login);
  EXPECT_FALSE(login->accepted);
  EXPECT_EQ(login->reason, "unknown-key");
  EXPECT_TRUE(login->identity.id.empty());
}

TEST_F(AuthClientTest, AnUnknownConstraintIsAnError) {
  constraints = {{"permit-quantum", true}};
  EXPECT_EQ(wait_for(client->verify_public_key(request), loop).error().kind, Kind::Unsupported);
  constraints = {{"permitopen", "db:5432"}}; // known name, wrong type
  EXPECT_EQ(wait_for(client->verify_public_key(request), loop).error().kind, Kind::Unsupported);
}

TEST_F(AuthClientTest, AUserNameThatIsNotUtf8IsEscaped) {
  request.user = "a\xff\nb";
  ASSERT_TRUE(wait_for(client->verify_public_key(request), loop));
  EXPECT_EQ(seen_user, "a\\xff\\x0ab");
}

TEST_F(AuthClientTest, ErrorsKeepTheirKind) {
  request.key.clear();
  EXPECT_EQ(wait_for(client->verify_public_key(request), loop).error().kind, Kind::Invalid);
  EXPECT_EQ(wait_for(client->commit(1), loop).error().kind, Kind::NotFound);
}

TEST_F(AuthClientTest, ManyIdsGoInPortions) {
  std::vector<std::string> ids(10000, "id");
  auto revoked = wait_for(client->find_revoked(ids), loop);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(portions, (std::vector<std::size_t>{4096, 4096, 1808}));
  EXPECT_EQ(revoked->size(), 3u);
}

TEST_F(AuthClientTest, MayBeAwaitedOnAnotherLoop) {
  loop::Pool pool(1);
  auto login = wait_for(client->verify_public_key(request), pool.at(0));
  ASSERT_TRUE(login);
  EXPECT_TRUE(login->accepted);
}

TEST_F(AuthClientTest, ChangedIsPassedOn) {
  std::vector<std::string> gone;
  client->on_changed([&](std::uint64_t, std::vector<std::string> revoked) { gone = std::move(revoked); });
  auto signal = object->make_signal("Changed");
  std::vector<std::string> ids{"SHA256:x"};
  signal.write_u64(2).write_texts(ids);
  ASSERT_TRUE(object->emit(std::move(signal)));
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return !gone.empty(); }));
  EXPECT_EQ(gone, ids);
}

TEST_F(AuthClientTest, MetricsSurviveTheTrip) {
  std::optional<Result<std::vector<Metric>>> read;
  auto slot = pair.client->match_signal({nullptr, "/org/alknet/Auth1", "org.alknet.Auth1"}, "Sent",
                                        [&](bus::Message& message) { read = read_metrics(message); });
  const std::vector<Metric> sent{
      {"a_total", "counter", "help", {{{{"x", "1"}, {"y", ""}}, 1ULL << 60}, {{}, 0}}},
      {"b", "gauge", "", {}}};
  auto message = pair.server->make_signal("/org/alknet/Auth1", "org.alknet.Auth1", "Sent");
  write_metrics(message, sent);
  EXPECT_EQ(message.signature(), metrics_type);
  ASSERT_TRUE(pair.server->send(std::move(message)));
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return read.has_value(); }));
  ASSERT_TRUE(*read) << read->error().describe();
  ASSERT_EQ((*read)->size(), 2U);
  EXPECT_EQ((**read)[0].name, "a_total");
  EXPECT_EQ((**read)[0].type, "counter");
  EXPECT_EQ((**read)[0].help, "help");
  EXPECT_EQ((**read)[0].samples, sent[0].samples);
  EXPECT_EQ((**read)[1].name, "b");
  EXPECT_TRUE((**read)[1].samples.empty());
}

TEST(IdentityWire, ConstraintsSurviveTheTrip) {
  Constraints constraints{std::vector<std::string>{}, std::vector<std::string>{"localhost:8080"}, true, 5};
  auto back = decode_constraints(encode(constraints));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, constraints);
  EXPECT_TRUE(encode(Constraints{}).empty());
}

} // namespace
} // namespace alk::clients::clients_test
