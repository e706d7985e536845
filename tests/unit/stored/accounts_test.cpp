#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/streams.hpp"
#include "identity_test_base.hpp"

#include <gmock/gmock.h>

namespace alk::stored::accounts_test {
namespace {

using testing::ElementsAre;

class Accounts : public IdentityTest {
 protected:
  auto update(std::string reference, AccountFacts facts) {
    return run([&](Transaction& t) { return update_account(t, test_act(test_time + 1), reference, facts); });
  }
};
ON_EVERY_ENGINE(Accounts);

TEST_P(Accounts, AreMadeWithTheirDefaultsAndFound) {
  const Account made = make_account("Ada@Example.org");
  EXPECT_EQ(made.email, "ada@example.org");
  EXPECT_EQ(made.access_level, "user");
  EXPECT_EQ(made.status, "active");
  EXPECT_TRUE(is_uuid(made.id));
  for (const std::string& reference :
       {made.id, std::string("ada@example.org"), std::string("ADA@example.ORG")}) {
    auto found = run([&](Transaction& t) { return require_account(t, reference); });
    ASSERT_TRUE(found) << reference;
    EXPECT_EQ(found->id, made.id);
    EXPECT_EQ(found->created_at, test_time);
  }
  EXPECT_EQ(kind_of(run([](Transaction& t) { return require_account(t, "' OR 1=1 --"); })), Kind::NotFound);
  EXPECT_EQ(kind_of(run([](Transaction& t) { return require_account(t, ""); })), Kind::NotFound);
}

TEST_P(Accounts, EmailsAreUniqueWithoutCase) {
  make_account();
  auto again = run([](Transaction& t) {
    return create_account(t, test_act(), {"ADA@example.org", {}, {}, {}, {}});
  });
  EXPECT_EQ(kind_of(again), Kind::Conflict);
  EXPECT_EQ(again.error().what, "an account with this email address exists");
  make_account("bob@example.org");
  EXPECT_EQ(kind_of(update("bob@example.org", {"ada@example.org", {}, {}, {}, {}})), Kind::Conflict);
}

TEST_P(Accounts, WhatIsNoValueIsInvalidAndLeavesNothing) {
  const AccountFacts wrong[] = {
      {{}, {}, {}, {}, {}},
      {"nobody", {}, {}, {}, {}},
      {"a@b@c", {}, {}, {}, {}},
      {"a @b", {}, {}, {}, {}},
      {"a\n@b", {}, {}, {}, {}},
      {std::string("a\0@b", 4), {}, {}, {}, {}},
      {std::string(250, 'a') + "@b.org", {}, {}, {}, {}},
      {"a@b", "line\nbreak", {}, {}, {}},
      {"a@b", std::string(129, 'x'), {}, {}, {}},
      {"a@b", "\xff", {}, {}, {}},
      {"a@b", {}, "root", {}, {}},
      {"a@b", {}, {}, "asleep", {}},
      {"a@b", {}, {}, {}, {{"with blank"}}},
      {"a@b", {}, {}, {}, {{""}}},
      {"a@b", {}, {}, {}, std::vector<std::string>(65, "s")},
  };
  for (const AccountFacts& facts : wrong)
    EXPECT_EQ(kind_of(run([&](Transaction& t) { return create_account(t, test_act(), facts); })),
              Kind::Invalid)
        << facts.email.value_or("-");
  EXPECT_EQ(number("SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM audit_logs) + "
                   "(SELECT count(*) FROM stream_events)"),
            0);
}

TEST_P(Accounts, ChangesKeepTheRest) {
  make_account("ada@example.org", {"a:b"});
  auto changed = update("ada@example.org", {{}, "Ada", {}, "suspended", {}});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->display_name, "Ada");
  EXPECT_EQ(changed->status, "suspended");
  EXPECT_THAT(changed->scopes, ElementsAre("a:b"));
  auto read = run([](Transaction& t) { return require_account(t, "ada@example.org"); });
  EXPECT_EQ(read->updated_at, test_time + 1);
  EXPECT_EQ(read->display_name, "Ada");
  EXPECT_TRUE(update("ada@example.org", {{}, {}, {}, {}, std::vector<std::string>()})->scopes.empty());
  EXPECT_EQ(kind_of(update("nobody@example.org", {})), Kind::NotFound);
}

TEST_P(Accounts, EveryChangeHasItsEventItsAuditRowAndARevision) {
  make_account();
  EXPECT_TRUE(update("ada@example.org", {{}, {}, {}, "deactivated", {}}));
  EXPECT_FALSE(update("ada@example.org", {{}, {}, {}, "asleep", {}}));
  EXPECT_TRUE(write([](Transaction& t) -> Result<void> {
    ALK_TRY(auto events, read_since(t, "accounts:updated", 0));
    EXPECT_EQ(events.size(), 2u);
    ALK_TRY(auto log, list_audit(t, 0, 10));
    EXPECT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].action, "account.deactivated");
    EXPECT_EQ(log[1].action, "account.created");
    EXPECT_EQ(log[1].actor, "uid:0");
    ALK_TRY(auto report, verify_audit(t));
    EXPECT_TRUE(report.intact) << report.problem;
    EXPECT_EQ(*revision(t), 2);
    return {};
  }));
}

TEST_P(Accounts, ThoseInTheAuditLogAreNotDeleted) {
  const Account ada = make_account();
  auto refused = run([](Transaction& t) -> Result<bool> {
    ALK_TRY_VOID(delete_account(t, test_act(), "ada@example.org"));
    return true;
  });
  EXPECT_EQ(kind_of(refused), Kind::Conflict);
  ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
    ALK_TRY_VOID(prune_audit(t, test_act(), 1));
    return delete_account(t, test_act(), "ada@example.org");
  }));
  EXPECT_EQ(number("SELECT count(*) FROM accounts"), 0);
}

TEST_P(Accounts, AreListedInPages) {
  for (const char* email : {"b@x.org", "a@x.org", "c@x.org"}) make_account(email);
  auto all = run([](Transaction& t) { return list_accounts(t, ""); });
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->front().email, "a@x.org");
  auto rest = run([](Transaction& t) { return list_accounts(t, "b@x.org"); });
  ASSERT_EQ(rest->size(), 1u);
}

class Organizations : public IdentityTest {
 protected:
  void SetUp() override {
    make_account();
    make_account("bob@example.org");
  }
  Result<Organization> make(std::string name = "Acme", std::string slug = "acme") {
    return run(
        [&](Transaction& t) { return create_organization(t, test_act(), name, slug, "ada@example.org"); });
  }
  Result<bool> member(const char* account, const std::string& level) {
    return run([&](Transaction& t) -> Result<bool> {
      ALK_TRY_VOID(set_member(t, test_act(), "acme", account, level));
      return true;
    });
  }
  Result<bool> remove(const char* account) {
    return run([&](Transaction& t) -> Result<bool> {
      ALK_TRY_VOID(remove_member(t, test_act(), "acme", account));
      return true;
    });
  }
  std::vector<std::string> members() {
    auto list = run([](Transaction& t) { return list_members(t, "acme", ""); });
    std::vector<std::string> texts;
    for (const Member& one : *list) texts.push_back(one.email + "=" + one.level);
    return texts;
  }
};
ON_EVERY_ENGINE(Organizations);

TEST_P(Organizations, HaveTheirOwnerAsFirstMember) {
  auto made = make();
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_uuid(made->id));
  EXPECT_EQ(made->owner_email, "ada@example.org");
  EXPECT_THAT(members(), ElementsAre("ada@example.org=owner"));
  EXPECT_EQ(kind_of(make("Acme", "other")), Kind::Conflict);
  EXPECT_EQ(kind_of(make("Other", "acme")), Kind::Conflict);
  for (const char* slug : {"", "-a", "A", "a b", "../x", "a/b", "\xc3\xa9"})
    EXPECT_EQ(kind_of(make("Other", slug)), Kind::Invalid) << slug;
  EXPECT_EQ(kind_of(make("", "other")), Kind::Invalid);
}

TEST_P(Organizations, MembersComeChangeAndGo) {
  ASSERT_TRUE(make());
  EXPECT_TRUE(member("bob@example.org", "member"));
  EXPECT_TRUE(member("bob@example.org", "admin"));
  EXPECT_THAT(members(), ElementsAre("ada@example.org=owner", "bob@example.org=admin"));
  EXPECT_EQ(kind_of(member("bob@example.org", "owner")), Kind::Invalid);
  EXPECT_EQ(kind_of(member("ada@example.org", "member")), Kind::Conflict);
  EXPECT_EQ(kind_of(member("nobody@example.org", "member")), Kind::NotFound);
  EXPECT_EQ(kind_of(remove("ada@example.org")), Kind::Conflict);
  EXPECT_TRUE(remove("bob@example.org"));
  EXPECT_EQ(kind_of(remove("bob@example.org")), Kind::NotFound);
  EXPECT_THAT(members(), ElementsAre("ada@example.org=owner"));
}

TEST_P(Organizations, ChangeTheirOwnerAndEnd) {
  auto made = make();
  auto given =
      run([](Transaction& t) { return transfer_organization(t, test_act(), "acme", "bob@example.org"); });
  ASSERT_TRUE(given);
  EXPECT_THAT(members(), ElementsAre("ada@example.org=admin", "bob@example.org=owner"));
  auto deleted = run([&](Transaction& t) { return delete_organization(t, test_act(), made->id); });
  ASSERT_TRUE(deleted);
  EXPECT_EQ(number("SELECT count(*) FROM organization_members"), 0);
  EXPECT_EQ(kind_of(run([](Transaction& t) { return require_organization(t, "acme"); })), Kind::NotFound);
  auto report = run([](Transaction& t) { return verify_audit(t); });
  EXPECT_TRUE(report->intact) << report->problem; // its rows still say which organisation it was
}

// What the access control graph says about an account that logs in with its one key.
class Memberships : public Organizations {
 protected:
  void SetUp() override {
    Organizations::SetUp();
    ASSERT_TRUE(make());
    ASSERT_TRUE(add_key(first_key, {}, std::nullopt, "bob@example.org"));
    const std::string org = text("SELECT id FROM organizations");
    org_ = organization_key(org);
    bob_ = account_key(text("SELECT id FROM accounts WHERE email = 'bob@example.org'"));
    give(org_, R"({"identity_type":"org","identity_id":")" + org +
                   R"(","scopes":["acme:deploy"],"resources":{"project:7":["read"]}})");
  }
  void give(const std::string& key, const std::string& attributes) {
    auto given = run([&](Transaction& t) -> Result<Node> {
      const Act act = test_act();
      ALK_TRY(const std::string graph, find_acl_graph(t));
      ALK_TRY(auto writer, GraphWriter::open(t, act, schemas_, graph));
      return writer.update_node(key, attributes);
    });
    EXPECT_TRUE(given) << given.error().describe();
  }
  Result<Edge> link(const std::string& source, const char* type, const std::string& target,
                    const std::string& attributes = "{}") {
    return run([&](Transaction& t) -> Result<Edge> {
      const Act act = test_act();
      ALK_TRY(const std::string graph, find_acl_graph(t));
      ALK_TRY(auto writer, GraphWriter::open(t, act, schemas_, graph));
      Edge edge;
      edge.source = source;
      edge.target = target;
      edge.type = type;
      edge.attributes = attributes;
      return writer.add_edge(edge);
    });
  }
  std::vector<std::string> scopes_of_bob() {
    Resolution found = look(Presented::Fingerprint, text("SELECT fingerprint FROM peer_credentials"));
    const auto* resolved = std::get_if<Resolved>(&found);
    EXPECT_NE(resolved, nullptr);
    resources_ = resolved ? resolved->resources : decltype(resources_)();
    return resolved ? resolved->scopes : std::vector<std::string>();
  }

  SchemaCache schemas_;
  std::string org_, bob_;
  std::map<std::string, std::vector<std::string>> resources_;
};
ON_EVERY_ENGINE(Memberships);

TEST_P(Memberships, GiveWhatTheOrganisationHasAsLongAsTheyLast) {
  EXPECT_THAT(scopes_of_bob(), ElementsAre("relay:connect"));
  const auto before = number("SELECT value FROM counters WHERE name = 'revision'");
  ASSERT_TRUE(member("bob@example.org", "member"));
  EXPECT_GT(number("SELECT value FROM counters WHERE name = 'revision'"), before);
  EXPECT_THAT(scopes_of_bob(), ElementsAre("acme:deploy"));
  EXPECT_THAT(resources_["project:7"], ElementsAre("read"));
  ASSERT_TRUE(remove("bob@example.org"));
  EXPECT_THAT(scopes_of_bob(), ElementsAre("relay:connect"));
}

TEST_P(Memberships, FollowATransferAndTheEndOfTheOrganisation) {
  ASSERT_TRUE(
      run([](Transaction& t) { return transfer_organization(t, test_act(), "acme", "bob@example.org"); }));
  EXPECT_THAT(scopes_of_bob(), ElementsAre("acme:deploy"));
  ASSERT_TRUE(run([](Transaction& t) { return delete_organization(t, test_act(), "acme"); }));
  EXPECT_THAT(scopes_of_bob(), ElementsAre("relay:connect"));
  EXPECT_EQ(number("SELECT count(*) FROM nodes WHERE key LIKE 'org:%'"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM edges"), 0);
}

TEST_P(Memberships, AreChangedByTheOrganisationAlone) {
  ASSERT_TRUE(member("bob@example.org", "member"));
  const std::string edge = text("SELECT id FROM edges WHERE source_node_key = ?1", {bob_});
  auto removed = run([&](Transaction& t) -> Result<bool> {
    const Act act = test_act();
    ALK_TRY(const std::string graph, find_acl_graph(t));
    ALK_TRY(auto writer, GraphWriter::open(t, act, schemas_, graph));
    ALK_TRY_VOID(writer.delete_edge(edge));
    return true;
  });
  EXPECT_EQ(kind_of(removed), Kind::Conflict);
  EXPECT_THAT(scopes_of_bob(), ElementsAre("acme:deploy"));
}

// Bob would get back what he gave to the organisation.
TEST_P(Memberships, MakeNoCircle) {
  ASSERT_TRUE(member("bob@example.org", "member"));
  ASSERT_TRUE(remove("bob@example.org"));
  ASSERT_TRUE(link(bob_, "delegates", org_, R"({"narrowed_scopes":[]})"));
  EXPECT_EQ(kind_of(member("bob@example.org", "member")), Kind::Conflict);
  EXPECT_THAT(members(), ElementsAre("ada@example.org=owner")); // the row is not there either
}

} // namespace
} // namespace alk::stored::accounts_test
