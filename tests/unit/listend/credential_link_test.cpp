// CredentialLink against a Store1 and a Secret1 of our own on the other end of a socket pair.
#include "../bus/pair.hpp"
#include "credential_link.hpp"

#include <gmock/gmock.h>

namespace alk::listend::credential_link_test {
namespace {

using bus::Call;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr bus::PolicyRule secrets_for_anyone[] = {{"Decrypt", bus::Who::Anyone},
                                                  {bus::read_properties, bus::Who::Anyone}};
constexpr bus::PolicyRule store_for_anyone[] = {{"GetCredential", bus::Who::Anyone}};

class CredentialLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    bus::Interface secrets{
        "org.alknet.Secret1",
        {{"Decrypt",
          {{"(usss)", "record"}, {"ay", "recipient"}},
          {{"s", "tag"}, {"ay", "plaintext"}},
          [this](Call& call) { return decrypt(call); }}},
        {{"State", "s", bus::Emits::Change, [this](bus::Message& out) { out.write_text(state_); }}},
        {},
        secrets_for_anyone};
    bus::Interface store{"org.alknet.Store1",
                         {{"GetCredential",
                           {{"s", "name"}},
                           {{"s", "consumer"}, {"(usss)", "record"}},
                           [this](Call& call) { return get(call); }}},
                         {},
                         {{"Changed", {{"t", "revision"}}}},
                         store_for_anyone};
    secretd_ = std::move(*bus::Object::make(*pair_.server, "/org/alknet/Secret1", std::move(secrets)));
    stored_ = std::move(*bus::Object::make(*pair_.server, "/org/alknet/Store1", std::move(store)));
    watch_.emplace(*pair_.client);
    link_.emplace(loop_, *pair_.client, *watch_, std::chrono::milliseconds(5));
    watch_->wake();
    ASSERT_TRUE(bus::test::run_until(loop_, [&] { return watch_->state() == clients::SecretState::Locked; }));
    watch_->on_state([this](clients::SecretState) { link_->secrets_changed(); });
  }
  void TearDown() override {
    link_->stop();
    loop_.stop();
  }

  Result<void> decrypt(Call& call) {
    ALK_TRY(const auto record, clients::read_record<clients::EncryptedRecord>(call.in));
    ALK_TRY(const std::string recipient, call.in.read_bytes());
    ++opened_;
    if (state_ != "unlocked") return fail(Kind::Locked, "locked");
    if (record.data == "another's") return fail(Kind::Denied, "not for you");
    ALK_TRY(const std::string box, clients::seal_to(recipient, record.data));
    call.out.write_text("alknet-listend").write_bytes(box);
    return {};
  }
  Result<void> get(Call& call) {
    ALK_TRY(const std::string name, call.in.read_text());
    ++asked_;
    if (failing_ > 0) {
      --failing_;
      return fail(Kind::Busy, "not now");
    }
    auto found = records_.find(name);
    if (found == records_.end()) return fail(Kind::NotFound, "none");
    call.out.write_text("alknet-listend");
    clients::write_record(call.out, clients::EncryptedRecord{2, "salt", "iv", found->second});
    return {};
  }

  void follow(const std::string& name) {
    link_->follow(name, [this](Result<SecretBytes> told) {
      heard_.push_back(told ? std::string(told->view()) : "!" + std::string(kind_name(told.error().kind)));
    });
  }
  void become(const char* state) {
    state_ = state;
    ASSERT_TRUE(secretd_->changed({"State"}));
  }
  void say_changed() {
    bus::Message signal = stored_->make_signal("Changed");
    signal.write_u64(++revision_);
    ASSERT_TRUE(stored_->emit(std::move(signal)));
  }
  bool hears(std::size_t count) {
    return bus::test::run_until(loop_, [&] { return heard_.size() >= count; });
  }
  bool is_asked(int count) {
    return bus::test::run_until(loop_, [&] { return asked_ >= count; });
  }

  asio::io_context loop_;
  bus::test::Pair pair_{loop_};
  std::unique_ptr<bus::Object> secretd_, stored_;
  std::string state_ = "locked";
  std::map<std::string, std::string> records_{{"proxy", "s3cret"}, {"web", "another's"}};
  std::vector<std::string> heard_; // "!Kind" for what is not to be had
  int opened_ = 0, asked_ = 0, failing_ = 0;
  std::uint64_t revision_ = 0;
  std::optional<clients::SecretWatch> watch_;
  std::optional<CredentialLink> link_;
};

TEST_F(CredentialLinkTest, NothingWhileLockedTheSecretWhileUnlockedAndGoneOnLock) {
  follow("proxy");
  EXPECT_THAT(heard_, ElementsAre("!Locked"));
  EXPECT_EQ(asked_, 0);
  become("unlocked");
  ASSERT_TRUE(hears(2));
  become("locked");
  ASSERT_TRUE(hears(3));
  become("unlocked");
  ASSERT_TRUE(hears(4));
  EXPECT_THAT(heard_, ElementsAre("!Locked", "s3cret", "!Locked", "s3cret"));
}

TEST_F(CredentialLinkTest, AReplacedCredentialIsFetchedAnUnchangedOneNotOpenedAgain) {
  become("unlocked");
  follow("proxy");
  ASSERT_TRUE(hears(2));
  say_changed();
  ASSERT_TRUE(is_asked(2));
  records_["proxy"] = "new";
  say_changed();
  ASSERT_TRUE(hears(3));
  records_.erase("proxy");
  say_changed();
  ASSERT_TRUE(hears(4));
  records_["proxy"] = "again";
  say_changed();
  ASSERT_TRUE(hears(5));
  EXPECT_THAT(heard_, ElementsAre("!Locked", "s3cret", "new", "!NotFound", "again"));
  EXPECT_EQ(opened_, 3);
}

TEST_F(CredentialLinkTest, AsksAgainUntilThereIsAnAnswer) {
  failing_ = 3;
  become("unlocked");
  follow("proxy");
  ASSERT_TRUE(bus::test::run_until(loop_, [&] { return heard_.back() == "s3cret"; }));
  EXPECT_EQ(asked_, 4);
  failing_ = 2; // what is there stays meanwhile
  say_changed();
  ASSERT_TRUE(is_asked(7));
  EXPECT_EQ(heard_.back(), "s3cret");
}

TEST_F(CredentialLinkTest, WhatIsForAnotherIsNotToBeHad) {
  become("unlocked");
  follow("web");
  ASSERT_TRUE(hears(2));
  EXPECT_THAT(heard_, ElementsAre("!Locked", "!Denied"));
}

TEST_F(CredentialLinkTest, AnotherNameTakesThePlaceOfTheFirst) {
  records_["other"] = "0ther";
  become("unlocked");
  follow("proxy");
  ASSERT_TRUE(hears(2));
  follow("other");
  ASSERT_TRUE(hears(3));
  follow("");
  say_changed();
  become("locked");
  const auto before = heard_;
  ASSERT_TRUE(bus::test::run_until(loop_, [&] { return watch_->state() == clients::SecretState::Locked; }));
  EXPECT_EQ(heard_, before);
  EXPECT_EQ(heard_[2], "0ther");
}

} // namespace
} // namespace alk::listend::credential_link_test
