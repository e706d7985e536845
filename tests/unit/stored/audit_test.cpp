#include "acts.hpp"
#include "alknet-stored/audit.hpp"
#include "engine_test_base.hpp"

#include <gmock/gmock.h>

namespace alk::stored::audit_test {
namespace {

using testing::HasSubstr;

class Audit : public EngineTest {
 protected:
  AuditAnchor add(const char* action = "test.done") {
    AuditAnchor head;
    EXPECT_TRUE(write([&](Transaction& tables) -> Result<void> {
      AuditEntry entry;
      entry.action = action;
      entry.org_id = "org";
      ALK_TRY(head, append_audit(tables, test_act(), entry));
      return {};
    }));
    return head;
  }
  Result<AuditReport> verify(std::optional<AuditAnchor> anchor = std::nullopt) {
    AuditReport report;
    ALK_TRY_VOID(write([&](Transaction& tables) -> Result<void> {
      ALK_TRY(report, verify_audit(tables, anchor ? std::vector{*anchor} : std::vector<AuditAnchor>()));
      return {};
    }));
    return report;
  }
  Result<std::uint64_t> prune(std::int64_t sequence) {
    std::uint64_t removed = 0;
    ALK_TRY_VOID(write([&](Transaction& tables) -> Result<void> {
      ALK_TRY(removed, prune_audit(tables, test_act(), sequence));
      return {};
    }));
    return removed;
  }
};
ON_EVERY_ENGINE(Audit);

TEST_P(Audit, AnEmptyLogIsIntact) {
  auto report = verify();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->intact);
  EXPECT_EQ(anchor_text(report->head), "0:" + std::string(64, '0'));
}

TEST_P(Audit, RowsFollowEachOther) {
  EXPECT_EQ(add().sequence, 1);
  const AuditAnchor second = add();
  add();
  auto report = verify(second);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->intact);
  EXPECT_EQ(report->rows, 3);
  EXPECT_EQ(report->after_anchor, 1);
  EXPECT_EQ(number("SELECT count(DISTINCT hash) FROM audit_logs"), 3);
}

// The chain is a promise to whoever keeps anchors: its bytes do not change.
TEST_P(Audit, TheHashIsAKnownAnswer) {
  AuditRow row;
  row.id = "i";
  row.sequence = 1;
  row.created_at = 2;
  row.action = "a";
  row.owner_id = "o";
  row.details = "{}";
  row.actor = "uid:0";
  row.previous_hash = std::string(64, '0');
  // printf of: 01, 32 zero bytes, u64 1, "i", u64 2, "a", 01 "o", 00 00 00, "{}", "uid:0", "" | sha256sum
  EXPECT_EQ(audit_hash(row), "9526a4ef43c60d88188750e3614668c616c329d6b630479be55326c5267bdc05");
  const std::string before = audit_hash(row);
  row.credential_id = ""; // is not the same as none
  EXPECT_NE(audit_hash(row), before);
}

TEST_P(Audit, EveryTamperingIsFound) {
  const char* tampering[] = {
      "UPDATE audit_logs SET details = '{\"x\":1}' WHERE sequence = 2",
      "UPDATE audit_logs SET actor = 'uid:1' WHERE sequence = 2",
      "UPDATE audit_logs SET owner_id = NULL, org_id = 'other' WHERE sequence = 2",
      "UPDATE audit_logs SET created_at = 1 WHERE sequence = 2",
      "UPDATE audit_logs SET hash = previous_hash WHERE sequence = 2",
      "DELETE FROM audit_logs WHERE sequence = 2",
      "DELETE FROM audit_logs WHERE sequence = 1",
      "DELETE FROM audit_logs WHERE sequence = 3",
      "UPDATE audit_logs SET sequence = 9 WHERE sequence = 3",
  };
  for (int i = 0; i < 3; ++i) add();
  ASSERT_TRUE(verify()->intact);
  for (const char* sql : tampering) {
    auto taken_back = write([&](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute(sql));
      ALK_TRY(auto report, verify_audit(tables));
      EXPECT_FALSE(report.intact) << sql;
      EXPECT_GE(report.broken_at, 1) << sql;
      EXPECT_LE(report.broken_at, 3) << sql;
      return fail(Kind::Denied, "take it back");
    });
    EXPECT_FALSE(taken_back);
  }
  EXPECT_TRUE(verify()->intact);
}

// Whoever writes the file can make a new chain; an anchor kept elsewhere gives it away.
TEST_P(Audit, AnAnchorFindsANewChain) {
  add();
  const AuditAnchor kept = add();
  add();
  ASSERT_TRUE(execute("DELETE FROM audit_logs"));
  ASSERT_TRUE(execute("UPDATE counters SET value = 0 WHERE name = 'audit'"));
  for (int i = 0; i < 3; ++i) add("test.forged");
  EXPECT_TRUE(verify()->intact);
  auto report = verify(kept);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->intact);
  EXPECT_EQ(report->broken_at, 2);
  ASSERT_TRUE(execute("DELETE FROM audit_logs WHERE sequence > 1"));
  ASSERT_TRUE(execute("UPDATE counters SET value = 1 WHERE name = 'audit'"));
  EXPECT_THAT(verify(kept)->problem, HasSubstr("ends before the anchor"));
}

TEST_P(Audit, NothingIsAddedToALogThatLostItsEnd) {
  add();
  add();
  ASSERT_TRUE(execute("DELETE FROM audit_logs WHERE sequence = 2"));
  auto refused = write([](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(append_audit(tables, test_act(), {}));
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::Broken);
}

TEST_P(Audit, PruningLeavesACheckpoint) {
  const AuditAnchor first = add();
  add();
  const AuditAnchor third = add();
  EXPECT_EQ(prune(2), 2u);
  auto report = verify(third);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->intact) << report->problem;
  EXPECT_EQ(report->begin.sequence, 2);
  EXPECT_EQ(report->head.sequence, 4); // the pruning is a row itself
  EXPECT_EQ(verify(first).error().kind, Kind::Invalid);
  EXPECT_EQ(prune(2).error().kind, Kind::NotFound);
  EXPECT_EQ(prune(4), 2u); // all of it
  EXPECT_TRUE(verify()->intact);
  EXPECT_EQ(add().sequence, 6);
  EXPECT_TRUE(verify()->intact);
}

TEST_P(Audit, ListsNewestFirst) {
  for (int i = 0; i < 3; ++i) add();
  EXPECT_TRUE(write([](Transaction& tables) -> Result<void> {
    ALK_TRY(auto rows, list_audit(tables, 0, 2));
    EXPECT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].sequence, 3);
    EXPECT_EQ(rows[1].hash, rows[0].previous_hash);
    ALK_TRY(auto older, list_audit(tables, 2, 10));
    EXPECT_EQ(older.size(), 1u);
    ALK_TRY(auto none, list_audit(tables, 0, 10, "somebody"));
    EXPECT_TRUE(none.empty());
    return {};
  }));
}

TEST(AuditAnchorText, IsReadStrictly) {
  const std::string hash(64, 'a');
  EXPECT_EQ(*parse_anchor("12:" + hash), (AuditAnchor{12, hash}));
  EXPECT_EQ(anchor_text(*parse_anchor("12:" + hash)), "12:" + hash);
  for (const std::string& wrong :
       {std::string(), std::string("12"), "12:" + hash + "a", ":" + hash, "-1:" + hash,
        "12:" + std::string(64, 'g'), "99999999999999999999:" + hash})
    EXPECT_FALSE(parse_anchor(wrong)) << wrong;
}

} // namespace
} // namespace alk::stored::audit_test
