// SecretWatch against a Secret1 of our own on the other end of a socket pair.
#include "clients/secret_watch.hpp"
#include "loop/task_group.hpp"
#include "pair.hpp"

#include <optional>

#include <gmock/gmock.h>

namespace alk::clients::secret_watch_test {
namespace {

using bus::Call;
using testing::ElementsAre;

constexpr bus::PolicyRule anyone[] = {{"DeriveEd25519", bus::Who::Anyone},
                                      {"Decrypt", bus::Who::Anyone},
                                      {"SignAnchor", bus::Who::Anyone},
                                      {bus::read_properties, bus::Who::Anyone}};
const std::string public_key(32, 'p'), seed(32, 's');

struct SecretWatchTest : testing::Test {
  asio::io_context loop;
  bus::test::Pair pair{loop};
  std::unique_ptr<bus::Object> object;
  std::optional<SecretWatch> watch;
  std::vector<SecretState> heard;
  std::string state = "locked";
  std::string asked_path;
  std::string sent_seed = seed;
  std::string signed_text, sent_signature = std::string(64, 'x');
  std::string box_key; // instead of the recipient's

  Result<void> derive(Call& call) {
    ALK_TRY(asked_path, call.in.read_text());
    ALK_TRY(std::string recipient, call.in.read_bytes());
    if (state != "unlocked") return fail(Kind::Locked, "locked");
    ALK_TRY(const std::string box, seal_to(box_key.empty() ? recipient : box_key, sent_seed));
    call.out.write_bytes(public_key).write_bytes(box);
    return {};
  }

  Result<void> decrypt(Call& call) {
    ALK_TRY(const EncryptedRecord record, read_record<EncryptedRecord>(call.in));
    ALK_TRY(const std::string recipient, call.in.read_bytes());
    if (record.data == "another's") return fail(Kind::Denied, "not for you");
    ALK_TRY(const std::string box, seal_to(recipient, "text of " + record.data));
    call.out.write_text("alknet-listend").write_bytes(box);
    return {};
  }

  Result<void> sign(Call& call) {
    ALK_TRY(const std::uint32_t version, call.in.read_u32());
    ALK_TRY(const std::uint64_t sequence, call.in.read_u64());
    ALK_TRY(const std::string hash, call.in.read_bytes());
    ALK_TRY(const std::uint64_t time, call.in.read_u64());
    if (state != "unlocked") return fail(Kind::Locked, "locked");
    signed_text =
        std::to_string(version) + " " + std::to_string(sequence) + " " + hash + " " + std::to_string(time);
    call.out.write_bytes(public_key).write_bytes(sent_signature);
    return {};
  }
  Result<SecretWatch::AnchorSignature> sign(std::uint64_t sequence) {
    std::optional<Result<SecretWatch::AnchorSignature>> answer;
    watch->sign_anchor(sequence, std::string(32, 'h'), 1700000000, std::chrono::seconds(8),
                       [&](Result<SecretWatch::AnchorSignature> result) { answer = std::move(result); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : fail(Kind::Broken, "no answer at all");
  }

  void SetUp() override {
    bus::Interface interface {
      "org.alknet.Secret1",
          {{"DeriveEd25519",
            {{"s", "path"}, {"ay", "recipient"}},
            {{"ay", "public_key"}, {"ay", "private_key"}},
            [this](Call& call) { return derive(call); }},
           {"Decrypt",
            {{"(usss)", "record"}, {"ay", "recipient"}},
            {{"s", "tag"}, {"ay", "plaintext"}},
            [this](Call& call) { return decrypt(call); }},
           {"SignAnchor",
            {{"u", "version"}, {"t", "sequence"}, {"ay", "hash"}, {"t", "time"}},
            {{"ay", "public_key"}, {"ay", "signature"}},
            [this](Call& call) { return sign(call); }}},
          {{"State", "s", bus::Emits::Change, [this](bus::Message& out) { out.write_text(state); }}}, {},
          anyone
    };
    auto made = bus::Object::make(*pair.server, "/org/alknet/Secret1", std::move(interface));
    ASSERT_TRUE(made);
    object = std::move(*made);
    watch.emplace(*pair.client);
    watch->on_state([this](SecretState now) { heard.push_back(now); });
  }

  void change(const char* now) {
    state = now;
    ASSERT_TRUE(object->changed({"State"}));
  }
  bool hears(std::size_t count) {
    return bus::test::run_until(loop, [&] { return heard.size() >= count; });
  }
  template <class T>
  Result<T> wait_for(Task<Result<T>> task) {
    std::optional<Result<T>> answer;
    auto run = [&](Task<Result<T>> inner) -> Task<> { answer = co_await std::move(inner); };
    asio::co_spawn(loop, run(std::move(task)), [](std::exception_ptr error) { ALK_CHECK(!error); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Result<T>(fail(Kind::Broken, "no answer at all"));
  }
};

TEST_F(SecretWatchTest, SaysEachChangeOnce) {
  EXPECT_EQ(watch->state(), SecretState::Absent);
  watch->wake();
  ASSERT_TRUE(hears(1));
  change("locked");
  change("unlocked");
  change("unlocked");
  change("locked");
  ASSERT_TRUE(hears(3));
  EXPECT_THAT(heard, ElementsAre(SecretState::Locked, SecretState::Unlocked, SecretState::Locked));
}

TEST_F(SecretWatchTest, WhoeverIsGoneGivesNothing) {
  object.reset();
  pair.server.reset();
  EXPECT_EQ(wait_for(watch->derive_ed25519("m/74'/0'/1'/0'")).error().kind, Kind::Gone);
}

TEST_F(SecretWatchTest, AKeyComesSealed) {
  EXPECT_EQ(wait_for(watch->derive_ed25519("m/74'/0'/1'/0'")).error().kind, Kind::Locked);
  state = "unlocked";
  auto key = wait_for(watch->derive_ed25519("m/74'/0'/1'/0'"));
  ASSERT_TRUE(key) << key.error().describe();
  EXPECT_EQ(asked_path, "m/74'/0'/1'/0'");
  EXPECT_EQ(key->public_key, public_key);
  EXPECT_EQ(key->seed.view(), seed);
}

TEST_F(SecretWatchTest, WhatIsNoKeyIsRefused) {
  state = "unlocked";
  sent_seed = "short";
  EXPECT_EQ(wait_for(watch->derive_ed25519("m/74'/0'/1'/0'")).error().kind, Kind::Broken);
  sent_seed = seed;
  const OneTimeKey another;
  box_key = another.public_key();
  EXPECT_EQ(wait_for(watch->derive_ed25519("m/74'/0'/1'/0'")).error().kind, Kind::Broken);
}

TEST_F(SecretWatchTest, ARecordIsOpened) {
  auto text = wait_for(watch->decrypt({2, "c2FsdA==", "aXY=", "data"}));
  ASSERT_TRUE(text) << text.error().describe();
  EXPECT_EQ(text->view(), "text of data");
  EXPECT_EQ(wait_for(watch->decrypt({2, "", "", "another's"})).error().kind, Kind::Denied);
}

TEST_F(SecretWatchTest, AnAnchorIsSigned) {
  EXPECT_EQ(sign(7).error().kind, Kind::Locked);
  state = "unlocked";
  auto signature = sign(7);
  ASSERT_TRUE(signature) << signature.error().describe();
  EXPECT_EQ(signed_text, "1 7 " + std::string(32, 'h') + " 1700000000");
  EXPECT_EQ(signature->public_key, public_key);
  EXPECT_EQ(signature->signature, sent_signature);
  sent_signature.pop_back();
  EXPECT_EQ(sign(8).error().kind, Kind::Broken);
}

TEST_F(SecretWatchTest, WhoeverHasEndedHearsNothing) {
  state = "unlocked";
  bool heard_back = false;
  watch->sign_anchor(1, std::string(32, 'h'), 1, std::chrono::seconds(8),
                     [&](const auto&) { heard_back = true; });
  watch.reset();
  EXPECT_TRUE(bus::test::run_until(loop, [&] { return !signed_text.empty(); }));
  watch.emplace(*pair.client);
  EXPECT_TRUE(sign(2)); // answers keep their order
  EXPECT_FALSE(heard_back);
}

} // namespace
} // namespace alk::clients::secret_watch_test
