#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/outbound_credentials.hpp"
#include "base/encoding.hpp"
#include "identity_test_base.hpp"

#include <gmock/gmock.h>

namespace alk::stored::outbound_credentials_test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string salt = base64_encode(std::string(32, 's')), iv = base64_encode(std::string(12, 'i')),
                  data = base64_encode(std::string(40, 'd'));

class Outbound : public IdentityTest {
 protected:
  Result<OutboundCredential> put(const std::string& name, Replace replace = Replace::No,
                                 const SealedRecord& record = {2, salt, iv, data},
                                 const std::string& consumer = "alknet-listend") {
    return run([&](Transaction& t) {
      return put_outbound_credential(t, test_act(), {name, consumer, record}, replace);
    });
  }
  Result<OutboundCredential> get(const std::string& name) {
    return run([&](Transaction& t) { return require_outbound_credential(t, name); });
  }
  Result<OutboundCredential> remove(const std::string& name) {
    return run([&](Transaction& t) { return remove_outbound_credential(t, test_act(), name); });
  }
  std::vector<AuditRow> log() {
    return run([&](Transaction& t) { return list_audit(t, 0, 100); }).value();
  }
};
ON_EVERY_ENGINE(Outbound);

TEST_P(Outbound, ARecordComesBackAsItWas) {
  auto kept = put("proxy");
  ASSERT_TRUE(kept) << kept.error().what;
  auto found = get("proxy");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, kept->id);
  EXPECT_EQ(found->consumer, "alknet-listend");
  EXPECT_EQ(found->record.key_version, 2U);
  EXPECT_EQ(found->record.salt, salt);
  EXPECT_EQ(found->record.iv, iv);
  EXPECT_EQ(found->record.data, data);
  EXPECT_EQ(found->created_at, test_time);
}

TEST_P(Outbound, ANameIsTakenUntilItIsRemoved) {
  auto first = put("proxy");
  ASSERT_TRUE(first);
  EXPECT_EQ(kind_of(put("proxy")), Kind::Conflict);
  auto second = put("proxy", Replace::Yes, {3, salt, iv, data}, "alknet-authd");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(get("proxy")->record.key_version, 3U);
  EXPECT_EQ(get("proxy")->consumer, "alknet-authd");
  ASSERT_TRUE(remove("proxy"));
  EXPECT_EQ(kind_of(get("proxy")), Kind::NotFound);
  EXPECT_EQ(kind_of(remove("proxy")), Kind::NotFound);
  EXPECT_TRUE(put("proxy"));
}

TEST_P(Outbound, TheListIsInOrder) {
  for (const char* name : {"b", "c", "a"}) ASSERT_TRUE(put(name));
  std::string names;
  auto all = run([](Transaction& t) { return list_outbound_credentials(t); });
  ASSERT_TRUE(all);
  for (const auto& one : *all) names += one.name;
  EXPECT_EQ(names, "abc");
}

TEST_P(Outbound, OnlyWhatAlknetSecretdMakesIsKept) {
  for (const std::string& name :
       {std::string(), std::string("Proxy"), std::string("-x"), std::string("a b"), std::string("a/../b"),
        std::string("'; DROP TABLE accounts; --"), std::string(max_slug + 1, 'a')})
    EXPECT_EQ(kind_of(put(name)), Kind::Invalid) << name;
  EXPECT_EQ(kind_of(put("proxy", Replace::No, {2, salt, iv, data}, "Every one")), Kind::Invalid);
  for (const SealedRecord& record :
       {SealedRecord{1, salt, iv, data}, SealedRecord{2, "", iv, data}, SealedRecord{2, salt, salt, data},
        SealedRecord{2, salt, iv, "no base64"}, SealedRecord{2, salt, iv, base64_encode("short")},
        SealedRecord{2, salt, iv, base64_encode(std::string(max_record_data, 'x'))}})
    EXPECT_EQ(kind_of(put("proxy", Replace::No, record)), Kind::Invalid);
  EXPECT_EQ(kind_of(get("proxy")), Kind::NotFound);
}

TEST_P(Outbound, TheLogNamesItAndHoldsNoRecord) {
  ASSERT_TRUE(put("proxy"));
  ASSERT_TRUE(put("proxy", Replace::Yes));
  ASSERT_TRUE(remove("proxy"));
  auto rows = log();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].action, "credential.removed");
  EXPECT_EQ(rows[1].action, "credential.replaced");
  EXPECT_EQ(rows[2].action, "credential.added");
  for (const AuditRow& row : rows) {
    EXPECT_THAT(row.details, HasSubstr("\"proxy\""));
    EXPECT_THAT(row.details, Not(HasSubstr(data)));
  }
}

} // namespace
} // namespace alk::stored::outbound_credentials_test
