#include "alknet-secretd/prepared_keys.hpp"
#include "vectors.hpp"

#include <sodium.h>

namespace alk::secretd::prepared_keys_test {
namespace {

using testing::make_arena;

class Prepared : public ::testing::Test {
 protected:
  std::string key(std::string_view caller) {
    auto key = keys_.prepare(caller, now_);
    EXPECT_TRUE(key);
    return key.value_or("");
  }
  std::string open(std::string_view caller, std::string_view key, std::string_view box) {
    auto text = keys_.open(caller, key, box, now_);
    return text ? std::string(text->view()) : std::string(kind_name(text.error().kind));
  }
  static std::string box(std::string_view key, std::string_view text) {
    return seal(as_bytes(text), key).value_or("");
  }

  std::unique_ptr<Arena> arena_ = make_arena();
  PreparedKeys keys_{*arena_};
  PreparedKeys::Time now_{};
};

TEST_F(Prepared, OpensWhatWasSealed) {
  const std::string one = key(":1.5");
  EXPECT_EQ(open(":1.5", one, box(one, "words")), "words");
  const std::string two = key(":1.5");
  EXPECT_EQ(open(":1.5", two, box(two, "")), "");
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(Prepared, OneUseEvenInVain) {
  const std::string one = key(":1.5");
  EXPECT_EQ(open(":1.5", one, "short"), "Invalid");
  EXPECT_EQ(open(":1.5", one, box(one, "words")), "Denied");
  const std::string two = key(":1.5"), sealed = box(two, "words");
  EXPECT_EQ(open(":1.5", two, sealed), "words");
  EXPECT_EQ(open(":1.5", two, sealed), "Denied");
}

TEST_F(Prepared, ForOneCallerAlone) {
  const std::string one = key(":1.5"), sealed = box(one, "words");
  EXPECT_EQ(open(":1.6", one, sealed), "Denied");
  EXPECT_EQ(open(":1.5", one, sealed), "words"); // the stranger did not use it up
}

TEST_F(Prepared, ForAMinute) {
  const std::string one = key(":1.5"), two = key(":1.5");
  now_ += std::chrono::seconds(59);
  EXPECT_EQ(open(":1.5", one, box(one, "words")), "words");
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(open(":1.5", two, box(two, "words")), "Denied");
  EXPECT_EQ(keys_.size(), 0u);
}

TEST_F(Prepared, AChangedBoxIsRefused) {
  const std::string one = key(":1.5");
  std::string sealed = box(one, "words");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  EXPECT_EQ(open(":1.5", one, sealed), "Invalid");
}

TEST_F(Prepared, ACallerHasFourAndEverybodyThirtyTwo) {
  const std::string first = key(":1.0");
  for (int i = 0; i < 4; ++i) key(":1.0");
  EXPECT_EQ(open(":1.0", first, box(first, "x")), "Denied");
  for (int i = 1; i < 8; ++i)
    for (int j = 0; j < 4; ++j) key(":1." + std::to_string(i));
  EXPECT_EQ(keys_.size(), max_prepared_keys);
  EXPECT_EQ(keys_.prepare(":1.9", now_).error().kind, Kind::Busy);
  now_ += prepared_key_lifetime;
  EXPECT_TRUE(keys_.prepare(":1.9", now_));
}

TEST(Seal, WantsAKey) {
  EXPECT_EQ(seal(as_bytes("x"), "short").error().kind, Kind::Invalid);
  EXPECT_EQ(seal(as_bytes("x"), std::string(32, '\0')).error().kind, Kind::Invalid); // a point of small order
  EXPECT_EQ(seal(as_bytes("x"), std::string(33, 'k')).error().kind, Kind::Invalid);
}

} // namespace
} // namespace alk::secretd::prepared_keys_test
