// The face of alknet-stored over a socket pair, with its threads behind it.
#include "alknet-stored/policy.hpp"
#include "base/encoding.hpp"
#include "clients/metrics_wire.hpp"
#include "clients/secret_record.hpp"
#include "pipe_reader.hpp"
#include "store_bus_test_base.hpp"

#include <gmock/gmock.h>

namespace alk::stored::store_bus_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(StoreBusTest, AnAccountComesAndIsChanged) {
  auto made = call("CreateAccount", [](bus::Message& m) {
    m.write_dictionary({{"email", std::string("Ada@example.org")},
                        {"display_name", std::string("Ada")},
                        {"scopes", std::vector<std::string>{"a:b"}}});
  });
  ASSERT_TRUE(made) << made.error().what;
  auto facts = *made->read_dictionary();
  EXPECT_EQ(std::get<std::string>(facts["email"]), "ada@example.org");
  EXPECT_EQ(std::get<std::uint64_t>(facts["created_at"]), static_cast<std::uint64_t>(test_time));
  EXPECT_TRUE(call("UpdateAccount", [](bus::Message& m) {
    m.write_text("ada@example.org").write_dictionary({{"status", std::string("suspended")}});
  }));
  auto read = *with_text("GetAccount", {std::get<std::string>(facts["id"])})->read_dictionary();
  EXPECT_EQ(std::get<std::string>(read["status"]), "suspended");
  EXPECT_EQ(std::get<std::string>(read["display_name"]), "Ada");
  auto list = *with_text("ListAccounts", {""})->read_dictionaries();
  EXPECT_EQ(list.size(), 1u);
  EXPECT_EQ(with_text("DeleteAccount", {"ada@example.org"}).error().kind, Kind::Conflict);
}

TEST_F(StoreBusTest, WhatIsNotUnderstoodIsRefused) {
  auto create = [&](bus::Dictionary facts) {
    return call("CreateAccount", [&](bus::Message& m) { m.write_dictionary(facts); }).error().kind;
  };
  EXPECT_EQ(create({}), Kind::Invalid);
  EXPECT_EQ(create({{"email", std::string("a@b")}, {"admin", true}}), Kind::Invalid);
  EXPECT_EQ(create({{"email", std::uint32_t{7}}}), Kind::Invalid);
  EXPECT_EQ(with_text("GetAccount", {"nobody"}).error().kind, Kind::NotFound);
  EXPECT_EQ(with_text("Authenticate", {"password", "x"}).error().kind, Kind::Invalid);
  EXPECT_EQ(with_text("Authenticate", {"api-key", std::string(300, 'a')}).error().kind, Kind::Invalid);
  EXPECT_EQ(with_text("VerifyAudit", {"7"}).error().kind, Kind::Invalid);
  EXPECT_EQ(with_text("EraseOrganization", {"../system"}).error().kind, Kind::Invalid);
  EXPECT_EQ(revision(), 0u);
}

TEST_F(StoreBusTest, AKeyIsKnownUntilItIsRevokedAndEveryChangeIsAnnounced) {
  std::vector<std::uint64_t> heard;
  auto slot =
      pair.client->match_signal(target, "Changed", [&](bus::Message& m) { heard.push_back(*m.read_u64()); });
  const std::string id = make_account();
  auto added = call("AddKey", [](bus::Message& m) {
    m.write_text("ada@example.org").write_text(first_key).write_dictionary({{"name", std::string("laptop")}});
  });
  ASSERT_TRUE(added) << added.error().what;
  auto key = *added->read_dictionary();
  const std::string fingerprint = std::get<std::string>(key["fingerprint"]);
  auto verdict = authenticate("fingerprint", fingerprint);
  EXPECT_TRUE(verdict.accepted);
  EXPECT_EQ(std::get<std::string>(verdict.facts["account"]), id);
  EXPECT_EQ(std::get<std::string>(verdict.facts["line"]), first_key);
  EXPECT_THAT(std::get<std::vector<std::string>>(verdict.facts["scopes"]), ElementsAre("relay:connect"));
  EXPECT_EQ(verdict.revision, 2u);
  EXPECT_TRUE(call("MarkUsed", [&](bus::Message& m) {
    m.write_inside('a', "(st)", [&] {
      m.write_inside('r', "st", [&] { m.write_text(std::get<std::string>(key["id"])).write_u64(1234); });
    });
  }));
  EXPECT_TRUE(with_text("RevokeKey", {fingerprint}));
  verdict = authenticate("fingerprint", fingerprint);
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.reason, "revoked");
  EXPECT_EQ(verdict.revision, 3u);
  auto keys = *with_text("ListKeys", {"ada@example.org"})->read_dictionaries();
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(std::get<std::uint64_t>(keys[0]["last_used_at"]), 1234u);
  EXPECT_EQ(std::get<std::uint64_t>(keys[0]["revoked_at"]), static_cast<std::uint64_t>(test_time));
  EXPECT_TRUE(bus::test::run_until(loop, [&] { return heard.size() == 3; }));
  EXPECT_THAT(heard, ElementsAre(1, 2, 3));
}

TEST_F(StoreBusTest, AFileOfKeysAndAnApiKey) {
  make_account();
  auto imported = with_text("ImportKeys", {"ada@example.org", std::string(first_key) + " a\nwhat\n"});
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->read_dictionaries()->size(), 1u);
  EXPECT_EQ(imported->read_texts()->size(), 1u);
  const std::string hash(64, 'c');
  auto made = call("CreateApiKey", [&](bus::Message& m) {
    m.write_text("ada@example.org").write_text(hash).write_text("alk_AbCd");
    m.write_dictionary({{"expires_at", static_cast<std::uint64_t>(test_time + 5)}});
  });
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_TRUE(authenticate("api-key", hash).accepted);
  EXPECT_EQ(with_text("ListApiKeys", {"ada@example.org"})->read_dictionaries()->size(), 1u);
  EXPECT_TRUE(with_text("RevokeApiKey", {"alk_AbCd"}));
  EXPECT_EQ(authenticate("api-key", hash).reason, "revoked");
}

TEST_F(StoreBusTest, AnOrganizationIsDeletedKeptAndErased) {
  make_account();
  make_account("bob@example.org");
  auto made = with_text("CreateOrganization", {"Acme", "acme", "ada@example.org"});
  ASSERT_TRUE(made);
  const std::string id = std::get<std::string>((*made->read_dictionary())["id"]);
  EXPECT_TRUE(with_text("SetMember", {"acme", "bob@example.org", "member"}));
  EXPECT_EQ(with_text("ListMembers", {"acme", ""})->read_dictionaries()->size(), 2u);
  EXPECT_TRUE(with_text("TransferOrganization", {"acme", "bob@example.org"}));
  EXPECT_TRUE(with_text("RemoveMember", {"acme", "ada@example.org"}));
  // Somebody writes to its database, so that there is one.
  std::optional<Result<void>> written;
  store->write(
      *Place::tenant(id),
      [](Transaction& tables) -> Result<void> {
        ALK_TRY_VOID(tables.execute("UPDATE counters SET value = 1"));
        return {};
      },
      [&](Result<void> done) { written = std::move(done); });
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return written.has_value(); }));
  ASSERT_TRUE(*written);
  EXPECT_TRUE(std::filesystem::exists(directory.file("tenant-" + id + ".db")));
  EXPECT_EQ(with_text("EraseOrganization", {id}).error().kind, Kind::Conflict);
  EXPECT_EQ(*with_text("DeleteOrganization", {"acme"})->read_text(), id);
  EXPECT_TRUE(bus::test::run_until(
      loop, [&] { return std::filesystem::exists(directory.file("retired-" + id + ".db")); }));
  EXPECT_THAT(*with_text("ListOrganizations", {""})->read_dictionaries(), IsEmpty());
  EXPECT_TRUE(with_text("EraseOrganization", {id}));
  EXPECT_FALSE(std::filesystem::exists(directory.file("retired-" + id + ".db")));
  EXPECT_EQ(with_text("EraseOrganization", {id}).error().kind, Kind::NotFound);
}

TEST_F(StoreBusTest, TheAuditLogIsListedVerifiedAndPruned) {
  make_account();
  make_account("bob@example.org");
  auto list = [&](std::uint64_t before, std::uint32_t limit, const char* account) {
    return call("ListAudit",
                [&](bus::Message& m) { m.write_u64(before).write_u32(limit).write_text(account); });
  };
  auto rows = *list(0, 10, "")->read_dictionaries();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(std::get<std::string>(rows[0]["action"]), "account.created");
  EXPECT_THAT(std::get<std::string>(rows[0]["actor"]), HasSubstr("uid:"));
  EXPECT_EQ(list(0, 10, "bob@example.org")->read_dictionaries()->size(), 1u);
  EXPECT_EQ(list(0, 10, "nobody").error().kind, Kind::NotFound);
  auto report = *with_text("VerifyAudit", {""})->read_dictionary();
  EXPECT_TRUE(std::get<bool>(report["intact"]));
  const std::string head = std::get<std::string>(report["head"]);
  EXPECT_EQ(*call("PruneAudit", [](bus::Message& m) { m.write_u64(1); })->read_u64(), 1u);
  report = *with_text("VerifyAudit", {head})->read_dictionary();
  EXPECT_TRUE(std::get<bool>(report["intact"]));
  EXPECT_EQ(std::get<std::int64_t>(report["after_anchor"]), 1);
}

class LongWork : public StoreBusTest {
 protected:
  // Begins it; it has the only writing end from then on.
  std::string begin(const char* member, PipeReader& pipe) {
    auto answer = call(member, [&](bus::Message& m) { m.write_fd(pipe.writing.get()); });
    pipe.writing.reset();
    return answer ? std::string("begun") : answer.error().what;
  }
  // What comes through the pipe, while the loop runs.
  std::string all_of(PipeReader& pipe) {
    std::string text;
    std::atomic<bool> ended{false};
    std::thread reading([&] {
      text = pipe.rest();
      ended = true;
    });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return ended.load(); }));
    reading.join();
    return text;
  }
};

TEST_F(LongWork, WholeDatabasesGoThroughThePipe) {
  make_account();
  PipeReader backup, second;
  EXPECT_EQ(begin("Backup", backup), "begun"); // and is more than a pipe takes
  EXPECT_THAT(begin("Check", second), HasSubstr("another check, backup"));
  PipeReader third;
  EXPECT_THAT(begin("Dump", third), HasSubstr("another check, backup")); // and leaves no row
  const std::string copy = all_of(backup);
  EXPECT_THAT(copy, HasSubstr("#{\"file\":\"system.db\",\"bytes\":"));
  EXPECT_THAT(copy, HasSubstr("SQLite format 3"));
  EXPECT_THAT(copy, HasSubstr("#{\"done\":{\"files\":1,\"bytes\":"));
  PipeReader check;
  EXPECT_EQ(begin("Check", check), "begun");
  const std::string report = all_of(check);
  EXPECT_THAT(report, HasSubstr("#{\"database\":\"system\",\"problems\":[]}"));
  EXPECT_THAT(report, HasSubstr("#{\"done\":{\"databases\":1,\"problems\":0,\"audit_rows\":2,"));
  auto no_pipe = call("Check", [&](bus::Message& m) { m.write_fd(STDIN_FILENO); });
  EXPECT_EQ(kind_of(no_pipe), Kind::Invalid);
}

TEST_F(LongWork, ADumpHoldsTheRowThatTellsOfIt) {
  make_account();
  PipeReader dump;
  EXPECT_EQ(begin("Dump", dump), "begun");
  const std::string row =
      "\"action\":\"storage.dumped\",\"details\":\"{}\",\"actor\":\"uid:" + std::to_string(::geteuid()) +
      "\"";
  EXPECT_THAT(all_of(dump), HasSubstr(row));
}

TEST_F(StoreBusTest, WhatWasAcceptedIsFinishedBeforeTheEnd) {
  auto message = pair.client->make_call(target, "CreateAccount");
  message.write_dictionary({{"email", std::string("ada@example.org")}});
  bool answered = false, idle = false;
  pair.client->call(std::move(message), std::chrono::seconds(8), [&](Result<bus::Message> result) {
    EXPECT_TRUE(result);
    answered = true;
  });
  EXPECT_TRUE(bus::test::run_until(loop, [&] { return answered; }));
  store->when_idle([&] { idle = true; });
  EXPECT_TRUE(idle);
}

TEST_F(StoreBusTest, AConsumerGetsItsOwnCredentialsAndNoOthers) {
  const std::string salt = base64_encode(std::string(32, 's')), iv = base64_encode(std::string(12, 'i')),
                    data = base64_encode(std::string(40, 'd'));
  for (const auto& [name, consumer] : {std::pair("proxy", "alknet-listend"), std::pair("web", "web")})
    ASSERT_TRUE(call("PutCredential", [&, name = name, consumer = consumer](bus::Message& m) {
      m.write_text(name).write_text(consumer);
      clients::write_record(m, clients::EncryptedRecord{2, salt, iv, data});
      m.write_bool(false);
    }));
  serve_as({1, ::geteuid(), nullptr, 1});
  EXPECT_TRUE(with_text("GetCredential", {"proxy"}));
  EXPECT_EQ(with_text("GetCredential", {"web"}).error().kind, Kind::Denied);
  EXPECT_EQ(with_text("GetCredential", {"none"}).error().kind, Kind::NotFound);
  EXPECT_EQ(call("ListCredentials").error().kind, Kind::Denied);
  EXPECT_EQ(with_text("RemoveCredential", {"proxy"}).error().kind, Kind::Denied);
  serve_as({1, 2, [](std::uint32_t uid) { return uid == ::geteuid(); }, 1});
  EXPECT_TRUE(with_text("GetCredential", {"web"}));
}

TEST_F(StoreBusTest, NumbersTellWhatWasDone) {
  auto value = [this](const std::string& name, const Labels& labels = {}) -> std::int64_t {
    auto answer = call("GetMetrics");
    if (!answer) return -1;
    auto metrics = clients::read_metrics(*answer);
    if (!metrics) return -2;
    for (const Metric& metric : *metrics)
      for (const Sample& sample : metric.samples)
        if (metric.name == name && sample.labels == labels) return static_cast<std::int64_t>(sample.value);
    return -3;
  };
  auto add = [this] {
    return call("CreateAccount", [](bus::Message& out) {
      out.write_dictionary({{"email", std::string("ada@example.org")}});
    });
  };
  const std::string transactions = "alknet_stored_transactions_total",
                    refusals = "alknet_stored_refusals_total";
  EXPECT_EQ(value("alknet_stored_rows", {{"table", "accounts"}}), 0);
  EXPECT_EQ(value("alknet_stored_audit_sequence"), 0);
  EXPECT_TRUE(add());
  EXPECT_EQ(add().error().kind, Kind::Conflict);
  EXPECT_FALSE(call("GetAccount")); // without its argument: refused before the storage
  EXPECT_EQ(value(transactions, {{"access", "write"}, {"result", "ok"}}), 1);
  EXPECT_EQ(value(transactions, {{"access", "write"}, {"result", "failed"}}), 1);
  EXPECT_GE(value(transactions, {{"access", "read"}, {"result", "ok"}}), 2);
  EXPECT_EQ(value("alknet_stored_commits_total"), 1);
  EXPECT_EQ(value("alknet_stored_waiting", {{"access", "write"}}), 0);
  EXPECT_EQ(value(refusals, {{"kind", "Conflict"}}), 1);
  EXPECT_EQ(value(refusals, {{"kind", "Busy"}}), 0);
  EXPECT_EQ(value("alknet_stored_rows", {{"table", "accounts"}}), 1);
  EXPECT_EQ(value("alknet_stored_audit_sequence"), 1);
  EXPECT_GT(value("alknet_stored_database_bytes"), 4096);
  EXPECT_EQ(value("alknet_stored_open_tenants"), 0);
  face->counts().anchored(1, true);
  face->counts().anchored(7, false);
  EXPECT_EQ(value("alknet_stored_anchors_total", {{"signed", "yes"}}), 1);
  EXPECT_EQ(value("alknet_stored_anchors_total", {{"signed", "no"}}), 1);
  EXPECT_EQ(value("alknet_stored_anchored_sequence"), 7);
}

constexpr std::uint32_t own = 901, listend = 902, metrics = 903, authd = 904, admin = 1000, stranger = 1001;

bool may(std::uint32_t uid, std::string_view member) {
  const bus::Accounts accounts{own, listend, [](std::uint32_t who) { return who == admin; },
                               0,   metrics, authd};
  return bus::allowed(store_policy, member, uid, accounts);
}

TEST(StorePolicy, ListsEveryMethodAndNothingElse) {
  auto methods = StoreBus::interface(nullptr).methods;
  for (const auto& method : methods) EXPECT_TRUE(may(0, method.name)) << method.name;
  for (const auto& rule : store_policy)
    EXPECT_TRUE(rule.member == bus::read_properties ||
                std::any_of(methods.begin(), methods.end(),
                            [&](const auto& method) { return method.name == rule.member; }))
        << rule.member;
}

TEST(StorePolicy, EachUserReachesWhatIsTheirs) {
  for (const auto& rule : store_policy) {
    const bool asks = rule.who == bus::Who::Authd;
    EXPECT_EQ(may(authd, rule.member), asks) << rule.member;
    const bool credential = rule.member == std::string_view("GetCredential");
    EXPECT_EQ(may(listend, rule.member), credential || rule.who == bus::Who::Reader) << rule.member;
    EXPECT_EQ(may(metrics, rule.member), rule.who == bus::Who::Reader) << rule.member;
    EXPECT_FALSE(may(stranger, rule.member)) << rule.member;
    if (rule.who != bus::Who::Listend) {
      EXPECT_EQ(may(admin, rule.member), rule.who == bus::Who::Admin || rule.who == bus::Who::Reader);
    }
  }
  EXPECT_TRUE(may(metrics, "GetMetrics"));
  EXPECT_FALSE(may(admin, "EraseOrganization"));
  EXPECT_FALSE(may(admin, "PruneAudit"));
  EXPECT_TRUE(may(own, "PruneAudit"));
  EXPECT_FALSE(may(admin, "PruneEvents"));
}

} // namespace
} // namespace alk::stored::store_bus_test
