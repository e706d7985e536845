#include "../bus/pair.hpp"
#include "alknet-authd/auth_bus.hpp"
#include "alknet-authd/token_judge.hpp"
#include "clients/auth_client.hpp"
#include "clients/identity_wire.hpp"
#include "clients/metrics_wire.hpp"
#include "loop/asio.hpp"
#include "world.hpp"

#include <optional>

#include <gmock/gmock.h>
#include <unistd.h>

namespace alk::authd::auth_bus_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::World;

constexpr bus::Destination target{nullptr, bus_path, bus_name};

struct AuthBusTest : ::testing::Test {
  asio::io_context loop;
  bus::test::Pair pair{loop};
  World world;
  std::optional<Transactions> transactions;
  int prepared = 0;
  std::map<std::string, AccountAnswer> store; // by kind and value
  bool store_down = false;
  int questions = 0;
  std::size_t used = 0; // what the store was told
  SteadyTime steady{};
  std::optional<Accounts> asked;
  std::optional<AuthBus> face;

  void SetUp() override { start({::geteuid(), std::nullopt, nullptr}); }

  void start(bus::Accounts accounts) {
    face.reset();
    transactions.emplace(world.start());
    Accounts::Store source;
    source.authenticate = [this](const Question& question, std::chrono::milliseconds, auto answer) {
      ++questions;
      if (store_down) return answer(fail(Kind::Gone, "no answer"));
      auto found = store.find(question.kind + " " + question.value);
      answer(found != store.end() ? found->second
                                  : AccountAnswer{false, "unknown", "", "", "", {}, {}, {}, 1});
    };
    source.mark_used = [this](const clients::Uses& uses, auto) { used += uses.size(); };
    asked.emplace(std::move(source),
                  Accounts::Clocks{[this] { return steady; }, [this] { return world.wall; }});
    face.emplace(
        *transactions, [this] { return world.wall; }, [this] { ++prepared; }, *asked);
    auto served = face->serve(*pair.server, std::move(accounts));
    ASSERT_TRUE(served) << served.error().describe();
  }

  Result<bus::Message> call(const char* member, const std::function<void(bus::Message&)>& fill = nullptr,
                            const char* interface = bus_name) {
    auto message = pair.client->make_call({nullptr, bus_path, interface}, member);
    if (fill) fill(message);
    std::optional<Result<bus::Message>> answer;
    pair.client->call(std::move(message), std::chrono::seconds(8),
                      [&](Result<bus::Message> result) { answer = std::move(result); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Result<bus::Message>(fail(Kind::Broken, "no answer at all"));
  }

  Result<bus::Message> with_number(const char* member, std::uint64_t number) {
    return call(member, [&](bus::Message& m) { m.write_u64(number); });
  }

  Result<bus::Message> verify(std::string_view blob, const bus::Dictionary& peer = {}) {
    return call("VerifyPublicKey",
                [&](bus::Message& m) { m.write_bytes(blob).write_text("alice").write_dictionary(peer); });
  }

  Result<bus::Message> get(const char* property) {
    return call(
        "Get", [&](bus::Message& m) { m.write_text(bus_name).write_text(property); },
        "org.freedesktop.DBus.Properties");
  }
};

TEST_F(AuthBusTest, AcceptsWithIdentityAndConstraints) {
  world.files["/keys"] = line("permitopen=\"a:1\",no-port-forwarding,expiry-time=\"20300101Z\"", 1);
  ASSERT_TRUE(call("Reload"));
  auto answer = verify(key(1));
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->signature(), "bssasa{sas}a{sv}");
  EXPECT_TRUE(answer->read_bool().value());
  EXPECT_EQ(answer->read_text().value(), "");
  Identity identity{answer->read_text().value(), {}, {}};
  Constraints constraints;
  ASSERT_TRUE(clients::read_grants(*answer, identity, constraints));
  EXPECT_EQ(identity, (Identity{id(1), {"relay:connect"}, {}}));
  EXPECT_EQ(constraints, (Constraints{std::vector<std::string>{"a:1"}, std::nullopt, true, 1893456000u}));
}

TEST_F(AuthBusTest, ARefusalIsAnAnswerWithoutIdentity) {
  auto answer = verify(key(9));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->read_bool().value());
  EXPECT_EQ(answer->read_text().value(), "unknown-key");
  Identity identity{answer->read_text().value(), {}, {}};
  Constraints constraints;
  ASSERT_TRUE(clients::read_grants(*answer, identity, constraints));
  EXPECT_EQ(identity, Identity());
  EXPECT_EQ(constraints, Constraints());
}

TEST_F(AuthBusTest, JudgesTheAddressOfThePeer) {
  world.files["/keys"] = line("from=\"192.0.2.0/24\"", 1);
  ASSERT_TRUE(call("Reload"));
  auto accepted = [&](const bus::Dictionary& peer) { return verify(key(1), peer)->read_bool().value(); };
  EXPECT_TRUE(accepted({{"address", std::string("192.0.2.5")}, {"port", std::uint16_t{22}}, {"new", true}}));
  EXPECT_FALSE(accepted({{"address", std::string("198.51.100.5")}}));
  EXPECT_FALSE(accepted({}));
  EXPECT_FALSE(accepted({{"address", std::uint32_t{7}}}));
}

TEST_F(AuthBusTest, JudgesTokens) {
  world.api_keys.emplace_back();
  world.api_keys[0].hash = "sha256:61210fdb492c840f1838774b822c184083c4093c7cb93e6c2c33732ff3b8903c";
  world.api_keys[0].scopes = {"a"};
  ASSERT_TRUE(call("Reload"));
  auto present = [&](std::string_view token) {
    return call("VerifyToken", [&](bus::Message& m) { m.write_bytes(token).write_dictionary({}); });
  };
  auto answer = present("alk_testsecret123");
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->signature(), "bssasa{sas}a{sv}");
  EXPECT_TRUE(answer->read_bool().value());
  EXPECT_EQ(answer->read_text().value(), "");
  Identity identity{answer->read_text().value(), {}, {}};
  Constraints constraints;
  ASSERT_TRUE(clients::read_grants(*answer, identity, constraints));
  EXPECT_EQ(identity, (Identity{"alk_", {"a"}, {}}));
  EXPECT_EQ(constraints.credential, "apikey:" + world.api_keys[0].hash);
  auto refused = present("alk_another");
  EXPECT_FALSE(refused->read_bool().value());
  EXPECT_EQ(refused->read_text().value(), "unknown-key");
  EXPECT_EQ(present(std::string(max_token + 1, 'x')).error().kind, Kind::Invalid);
  auto counted = call("GetMetrics");
  ASSERT_TRUE(counted);
  auto metrics = clients::read_metrics(*counted);
  EXPECT_EQ(metrics->back().name, "alknet_authd_tokens_total");
  EXPECT_EQ(metrics->back().samples[0].value, 1U);
}

TEST_F(AuthBusTest, AsksAccountsAboutWhatTheConfigurationDoesNotKnow) {
  store["fingerprint " + id(9)] = {
      true, "", "a-uuid", "key-1", line("restrict", 9), {"x"}, {}, {{"service", {"s"}}}, 1};
  auto reason = [](Result<bus::Message> answer) {
    EXPECT_TRUE(answer);
    return answer->read_bool().value() ? std::string("accepted") : answer->read_text().value();
  };
  EXPECT_EQ(reason(verify(key(9))), "unknown-key") << "accounts are off";
  auto accounts = [&] {
    auto answer = get("Accounts");
    return answer->read_value().value();
  };
  EXPECT_EQ(accounts(), bus::Value(std::string("off")));
  EXPECT_EQ(questions, 0);
  world.providers = {config::Provider::Configured, config::Provider::Accounts};
  ASSERT_TRUE(call("Reload"));
  auto answer = verify(key(9));
  ASSERT_TRUE(answer && answer->read_bool().value());
  EXPECT_EQ(answer->read_text().value(), "");
  Identity identity{answer->read_text().value(), {}, {}};
  Constraints constraints;
  ASSERT_TRUE(clients::read_grants(*answer, identity, constraints));
  EXPECT_EQ(identity, (Identity{"a-uuid", {"x"}, {{"service", {"s"}}}}));
  EXPECT_TRUE(constraints.no_port_forwarding);
  EXPECT_EQ(reason(verify(key(8))), "unknown-key");
  const int before = questions;
  EXPECT_EQ(reason(verify(key(1))), "accepted");
  EXPECT_EQ(questions, before) << "the configuration knows it";

  auto revoked = [&](std::vector<std::string> ids) {
    return call("FindRevoked", [&](bus::Message& m) { m.write_texts(ids); })->read_texts().value();
  };
  EXPECT_THAT(revoked({id(1), constraints.credential, id(7)}), ElementsAre(id(7)));
  store_down = true;
  steady += 2 * cache_lease;
  EXPECT_EQ(accounts(), bus::Value(std::string("on")));
  EXPECT_EQ(reason(verify(key(9))), "accounts-unavailable");
  EXPECT_EQ(accounts(), bus::Value(std::string("unavailable")));
  EXPECT_EQ(reason(verify(key(1))), "accepted");
  EXPECT_THAT(revoked({constraints.credential, id(7)}), ElementsAre(id(7))) << "nobody is sent away for it";
  store_down = false;
  store.clear();
  asked->store_present(false);
  EXPECT_THAT(revoked({id(1), constraints.credential}), ElementsAre(constraints.credential));
}

TEST_F(AuthBusTest, AccountsMayBeAskedFirst) {
  world.providers = {config::Provider::Accounts, config::Provider::Configured};
  ASSERT_TRUE(call("Reload"));
  store["fingerprint " + id(1)] = {false, "revoked", "", "", "", {}, {}, {}, 1};
  auto refused = verify(key(1));
  EXPECT_FALSE(refused->read_bool().value());
  EXPECT_EQ(refused->read_text().value(), "revoked");
  EXPECT_TRUE(verify(key(2))->read_bool().value()) << "no account knows it";
  store_down = true;
  steady += 2 * cache_lease;
  EXPECT_TRUE(verify(key(1))->read_bool().value()) << "files count while the storage is down";
  EXPECT_FALSE(verify(key(9))->read_bool().value());
}

TEST_F(AuthBusTest, SaysWhatALoginByAKeyWouldGet) {
  world.files["/keys"] = line("from=\"192.0.2.1\",permitopen=\"a:1\"", 1) + "\n" +
                         line("expiry-time=\"20200101Z\"", 2) + "\n" + line("cert-authority", 3) + "\n";
  world.providers = {config::Provider::Configured, config::Provider::Accounts};
  ASSERT_TRUE(call("Reload"));
  store["fingerprint " + id(8)] = {true, "", "a-uuid", "key-1", line("restrict", 8), {"x"}, {}, {}, 1};
  store["fingerprint " + id(9)] = {true,  "", "a-uuid", "ca-1", line("cert-authority,permitopen=\"b:2\"", 9),
                                   {"x"}, {}, {},       1};
  auto got = [&](const std::string& fingerprint) -> std::string {
    auto answer = call("LookupCredential", [&](bus::Message& m) { m.write_text(fingerprint); });
    if (!answer) return std::string(kind_name(answer.error().kind));
    EXPECT_EQ(answer->signature(), "bssasa{sas}a{sv}");
    const bool accepted = answer->read_bool().value();
    std::string reason = answer->read_text().value();
    if (!accepted) return reason;
    Identity identity{answer->read_text().value(), {}, {}};
    Constraints limits;
    EXPECT_TRUE(clients::read_grants(*answer, identity, limits));
    return identity.id + " " + identity.scopes.at(0) + " " +
           (limits.permit_open          ? limits.permit_open->at(0)
            : limits.no_port_forwarding ? "nothing"
                                        : "all");
  };
  EXPECT_EQ(got(id(1)), id(1) + " relay:connect a:1");
  EXPECT_EQ(got(id(2)), "expired");
  EXPECT_EQ(got(id(3)), "not-a-login-key");
  EXPECT_EQ(got(id(4)), "unknown-key");
  EXPECT_EQ(got("nonsense"), "unknown-key");
  EXPECT_EQ(got(std::string(300, 'x')), "Invalid");
  EXPECT_EQ(got(id(8)), "a-uuid x nothing");
  EXPECT_EQ(got(id(9)), "a-uuid x b:2");
  store_down = true;
  steady += 2 * cache_lease;
  EXPECT_EQ(got(id(8)), "accounts-unavailable");
  asked->tell_uses();
  EXPECT_EQ(used, 0U) << "nobody has logged in";
  store_down = false;
  EXPECT_TRUE(verify(key(8))->read_bool().value());
  asked->tell_uses();
  EXPECT_EQ(used, 1U);
}

TEST_F(AuthBusTest, SaysWhenAccountsChange) {
  int heard = 0;
  auto slot = pair.client->match_signal(target, "Changed", [&](bus::Message&) { ++heard; });
  face->accounts_changed(); // they are off: nobody's business
  world.providers = {config::Provider::Configured, config::Provider::Accounts};
  ASSERT_TRUE(call("Reload"));
  face->accounts_changed();
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return heard == 2; }));
}

TEST_F(AuthBusTest, CountsVerdictsAndReloads) {
  ASSERT_TRUE(verify(key(1)));
  ASSERT_TRUE(verify(key(9)));
  ASSERT_TRUE(verify(key(9)));
  EXPECT_FALSE(verify("nonsense"));
  ASSERT_TRUE(call("Reload"));
  auto answer = call("GetMetrics");
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->signature(), clients::metrics_type);
  auto metrics = clients::read_metrics(*answer);
  ASSERT_TRUE(metrics) << metrics.error().describe();
  auto value = [&](std::size_t metric, const std::string& result) {
    for (const Sample& sample : metrics->at(metric).samples)
      if (sample.labels == Labels{{"result", result}}) return sample.value;
    return std::uint64_t{999};
  };
  EXPECT_EQ(metrics->at(0).name, "alknet_authd_verifications_total");
  EXPECT_EQ(value(0, "accept"), 1U);
  EXPECT_EQ(value(0, "unknown-key"), 2U);
  EXPECT_EQ(value(0, "malformed"), 1U);
  EXPECT_EQ(value(0, "from"), 0U);
  EXPECT_EQ(metrics->at(1).name, "alknet_authd_reloads_total");
  EXPECT_EQ(value(1, "ok"), 1U);
  EXPECT_EQ(value(1, "failed"), 0U);
}

TEST_F(AuthBusTest, MalformedAndOversizeKeysAreInvalid) {
  EXPECT_EQ(verify("nonsense").error().kind, Kind::Invalid);
  EXPECT_EQ(verify("").error().kind, Kind::Invalid);
  EXPECT_EQ(verify(std::string(max_key_blob + 1, 'x')).error().kind, Kind::Invalid);
}

TEST_F(AuthBusTest, LookupAndFindRevoked) {
  auto found = call("Lookup", [](bus::Message& m) { m.write_text(id(1)); });
  ASSERT_TRUE(found);
  EXPECT_THAT(found->read_texts().value(), ElementsAre("relay:connect"));
  EXPECT_EQ(call("Lookup", [](bus::Message& m) { m.write_text(id(9)); }).error().kind, Kind::NotFound);
  std::vector<std::string> ids{id(1), id(9)};
  auto revoked = call("FindRevoked", [&](bus::Message& m) { m.write_texts(ids); });
  EXPECT_THAT(revoked->read_texts().value(), ElementsAre(id(9)));
  ids.assign(max_find_revoked + 1, id(1));
  EXPECT_EQ(call("FindRevoked", [&](bus::Message& m) { m.write_texts(ids); }).error().kind, Kind::Invalid);
}

TEST_F(AuthBusTest, PrepareCommitAndTheSignal) {
  std::vector<std::pair<std::uint64_t, std::vector<std::string>>> heard;
  auto slot = pair.client->match_signal(target, "Changed", [&](bus::Message& m) {
    auto generation = m.read_u64().value();
    heard.emplace_back(generation, m.read_texts().value());
  });
  world.files["/keys"] = line(1);
  world.digest = "two";
  EXPECT_EQ(with_number("Prepare", 5)->read_text().value(), "two");
  EXPECT_EQ(prepared, 1);
  EXPECT_EQ(with_number("Prepare", 6).error().kind, Kind::Busy);
  EXPECT_EQ(call("Reload").error().kind, Kind::Busy);
  EXPECT_TRUE(verify(key(2))->read_bool().value());
  EXPECT_THAT(heard, IsEmpty());
  EXPECT_EQ(with_number("Commit", 5)->read_u64().value(), 5u);
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return !heard.empty(); }));
  EXPECT_EQ(heard[0].first, 5u);
  EXPECT_THAT(heard[0].second, ElementsAre(id(2)));
  EXPECT_FALSE(verify(key(2))->read_bool().value());
  EXPECT_EQ(with_number("Commit", 5).error().kind, Kind::NotFound);
}

TEST_F(AuthBusTest, ManyRevocationsComeInPortions) {
  std::vector<std::size_t> sizes;
  auto slot = pair.client->match_signal(target, "Changed", [&](bus::Message& m) {
    ASSERT_TRUE(m.read_u64());
    sizes.push_back(m.read_texts().value().size());
  });
  std::string all;
  for (std::size_t i = 0; i <= max_find_revoked; ++i) all += testing::numbered_line(i) + "\n";
  world.files["/keys"] = all;
  ASSERT_TRUE(call("Reload"));
  world.files["/keys"] = "";
  ASSERT_TRUE(call("Reload"));
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return sizes.size() == 3; }));
  EXPECT_THAT(sizes, ElementsAre(2u, max_find_revoked, 1u));
}

TEST_F(AuthBusTest, AbortAndExpiryLeaveNothingOpen) {
  ASSERT_TRUE(with_number("Prepare", 1));
  ASSERT_TRUE(with_number("Abort", 1));
  ASSERT_TRUE(with_number("Abort", 77));
  ASSERT_TRUE(with_number("Prepare", 2));
  world.steady += transaction_lifetime;
  EXPECT_EQ(with_number("Commit", 2).error().kind, Kind::NotFound);
}

TEST_F(AuthBusTest, BadFilesAreNamedLineByLine) {
  world.problems = {{"alknet.toml", 3, "auth.x", "unknown key"}, {"alknet.toml", 9, "limits.y", "too large"}};
  auto answer = with_number("Prepare", 1);
  EXPECT_EQ(answer.error().kind, Kind::Invalid);
  EXPECT_THAT(answer.error().what,
              HasSubstr("alknet.toml:3: auth.x: unknown key\nalknet.toml:9: limits.y: too large"));
  EXPECT_EQ(prepared, 0);
  EXPECT_TRUE(verify(key(1))->read_bool().value());
}

TEST_F(AuthBusTest, Properties) {
  world.files["/keys"] = line(1) + "\nnonsense\ncert-authority " + line(3);
  ASSERT_TRUE(with_number("Prepare", 12) && with_number("Commit", 12));
  auto value = [&](const char* name) { return get(name)->read_value().value(); };
  EXPECT_EQ(value("Generation"), bus::Value(std::uint64_t{12}));
  EXPECT_EQ(value("ConfigDigest"), bus::Value(std::string("one")));
  EXPECT_EQ(value("KeyCount"), bus::Value(std::uint32_t{1}));
  EXPECT_EQ(value("CertificateAuthorityCount"), bus::Value(std::uint32_t{1}));
  EXPECT_EQ(value("Warnings"), bus::Value(std::vector<std::string>{"/keys:2: option 1 is unknown"}));
  EXPECT_TRUE(std::holds_alternative<std::string>(value("Version")));
}

} // namespace
} // namespace alk::authd::auth_bus_test
