#include "alknet-secretd/mnemonic.hpp"
#include "alknet-secretd/normal_form.hpp"
#include "alknet-secretd/words.hpp"
#include "vectors.hpp"

namespace alk::secretd::mnemonic_test {
namespace {

using testing::abandon;
using testing::hex;
using testing::make_arena;
using testing::unhex;
using testing::vectors;

class Mnemonic : public ::testing::Test {
 protected:
  std::string canonical(std::string_view text) {
    auto words = canonical_mnemonic(*arena_, text);
    return words ? std::string(words->view()) : words.error().what;
  }
  std::string seed(std::string_view words, std::string_view passphrase) {
    auto good = canonical_mnemonic(*arena_, words);
    if (!good) return good.error().what;
    auto seed = seed_of(*arena_, *good, passphrase);
    return seed ? hex(seed->bytes()) : seed.error().what;
  }
  std::unique_ptr<Arena> arena_ = make_arena();
};

TEST_F(Mnemonic, PublishedVectors) {
  auto rows = vectors("bip39.txt");
  ASSERT_EQ(rows.size(), 24u);
  for (const auto& row : rows) {
    auto words = mnemonic_from_entropy(*arena_, as_bytes(unhex(row[0])));
    ASSERT_TRUE(words);
    EXPECT_EQ(words->view(), row[1]);
    EXPECT_EQ(canonical(row[1]), row[1]);
    EXPECT_EQ(seed(row[1], "TREZOR"), row[2]);
  }
}

TEST_F(Mnemonic, WithoutAPassphrase) {
  EXPECT_EQ(seed(abandon, ""), "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
                               "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4");
}

TEST_F(Mnemonic, HoweverItIsTyped) {
  EXPECT_EQ(
      canonical("  Abandon\tabandon\nabandon ABANDON abandon  abandon abandon\r\nabandon abandon abandon "
                "abandon about\n"),
      abandon);
  // Full-width letters and the ideographic space are compatibility forms of ours.
  std::string wide(abandon);
  wide.replace(0, 1, "\xef\xbd\x81");
  wide.replace(wide.find(' '), 1, "\xe3\x80\x80");
  EXPECT_EQ(canonical(wide), abandon);
}

TEST_F(Mnemonic, EverySizeOfEntropy) {
  for (std::size_t size = 0; size <= 40; ++size) {
    auto words = mnemonic_from_entropy(*arena_, as_bytes(std::string(size, 'x')));
    const bool good = size >= 16 && size <= 32 && size % 4 == 0;
    ASSERT_EQ(words.has_value(), good) << size;
    if (good) {
      EXPECT_EQ(canonical(words->view()), words->view());
    }
  }
}

TEST_F(Mnemonic, EveryWrongLastWordButTheRightOnes) {
  const std::string eleven(abandon.substr(0, abandon.rfind(' ') + 1));
  std::size_t good = 0;
  for (std::uint16_t i = 0; i < word_count; ++i)
    good += canonical_mnemonic(*arena_, eleven + std::string(word_at(i))) ? 1 : 0;
  EXPECT_EQ(good, 128u); // 4 of the 11 bits are the checksum
}

TEST_F(Mnemonic, WhatIsWrongIsSaidWithoutTheWord) {
  const std::string words(abandon);
  EXPECT_EQ(canonical(""), "a mnemonic has 12, 15, 18, 21 or 24 words");
  EXPECT_EQ(canonical(words + " abandon"), "a mnemonic has 12, 15, 18, 21 or 24 words");
  EXPECT_EQ(canonical(words + " " + words + " abandon"), "a mnemonic has 12, 15, 18, 21 or 24 words");
  EXPECT_EQ(canonical("abandon abandom " + words.substr(16)), "word 2 is not in the list");
  EXPECT_EQ(canonical(words.substr(0, words.rfind(' ')) + " abandon"),
            "the checksum of the mnemonic is wrong: a word is mistaken or misplaced");
  EXPECT_EQ(canonical(std::string(max_mnemonic_input + 1, ' ')), "the mnemonic is too long");
  EXPECT_EQ(canonical("\xff"), "the text is not UTF-8");
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(Mnemonic, APassphraseIsNormalised) {
  EXPECT_EQ(seed(abandon, "caf\xc3\xa9 \xef\xac\x81"), seed(abandon, "cafe\xcc\x81 fi"));
  EXPECT_NE(seed(abandon, "cafe"), seed(abandon, "Cafe"));
  EXPECT_EQ(seed(abandon, "\xc3"), "the text is not UTF-8");
  EXPECT_EQ(seed(abandon, std::string(max_passphrase + 1, 'x')), "the passphrase is too long");
}

TEST_F(Mnemonic, TheLongestTextsFit) {
  std::string worst; // the code point with the longest decomposition
  while (worst.size() + 3 <= max_passphrase) worst += "\xef\xb7\xba";
  EXPECT_EQ(seed(abandon, worst).size(), 2 * seed_size);
}

TEST_F(Mnemonic, MarksAreOrdered) {
  // U+0307 (class 230) before U+0323 (class 220) changes places.
  auto form = normal_form_kd(*arena_, "q\xcc\x87\xcc\xa3");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->view(), "q\xcc\xa3\xcc\x87");
}

TEST(Words, AreTheListInOrder) {
  EXPECT_EQ(word_at(0), "abandon");
  EXPECT_EQ(word_at(2047), "zoo");
  for (std::uint16_t i = 0; i < word_count; ++i) EXPECT_EQ(index_of(word_at(i)), i);
  EXPECT_EQ(index_of("abandonn"), std::nullopt);
  EXPECT_EQ(index_of(""), std::nullopt);
  EXPECT_EQ(index_of("zzz"), std::nullopt);
}

} // namespace
} // namespace alk::secretd::mnemonic_test
