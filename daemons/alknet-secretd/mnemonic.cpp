#include "alknet-secretd/mnemonic.hpp"

#include "alknet-secretd/hmac.hpp"
#include "alknet-secretd/normal_form.hpp"
#include "alknet-secretd/words.hpp"
#include "base/bytes.hpp"

#include <cstring>

#include <sodium.h>

namespace alk::secretd {

static constexpr std::size_t max_words = 24;
static constexpr std::size_t longest_word = 8;
static constexpr std::size_t bits_per_word = 11;
static constexpr unsigned seed_rounds = 2048;
// Entropy and its checksum of one bit for every 32, of 24 words: 33 bytes.
static constexpr std::size_t max_bits_size = 33;

bool is_word_count(std::size_t words) {
  return words >= 12 && words <= max_words && words % 3 == 0;
}

static unsigned bit_at(std::span<const std::byte> bytes, std::size_t bit) {
  return (std::to_integer<unsigned>(bytes[bit / 8]) >> (7 - bit % 8)) & 1U;
}

// The first byte of SHA-256: the checksum is at most its 8 bits.
static Result<LockedBytes> checksum(Arena& arena, std::span<const std::byte> entropy) {
  ALK_TRY(auto state, Scratch<crypto_hash_sha256_state>::make(arena));
  ALK_TRY(LockedBytes digest, arena.take(crypto_hash_sha256_BYTES));
  ::crypto_hash_sha256_init(state.get());
  ::crypto_hash_sha256_update(state.get(), reinterpret_cast<const unsigned char*>(entropy.data()),
                              entropy.size());
  ::crypto_hash_sha256_final(state.get(), digest.raw());
  digest.truncate(1);
  return digest;
}

Result<LockedBytes> mnemonic_from_entropy(Arena& arena, std::span<const std::byte> entropy) {
  const std::size_t words = entropy.size() * 3 / 4;
  if (!is_word_count(words) || entropy_size(words) != entropy.size())
    return fail(Kind::Invalid, "entropy is 16, 20, 24, 28 or 32 bytes");
  ALK_TRY(LockedBytes sum, checksum(arena, entropy));
  ALK_TRY(LockedBytes bits, arena.take(max_bits_size));
  std::memcpy(bits.raw(), entropy.data(), entropy.size());
  bits.bytes()[entropy.size()] = sum.bytes()[0];
  ALK_TRY(LockedBytes text, arena.take(words * (longest_word + 1)));
  std::size_t used = 0;
  for (std::size_t word = 0; word < words; ++word) {
    unsigned index = 0;
    for (std::size_t bit = 0; bit < bits_per_word; ++bit)
      index = index << 1 | bit_at(bits.bytes(), word * bits_per_word + bit);
    std::string_view letters = word_at(static_cast<std::uint16_t>(index));
    if (word > 0) text.raw()[used++] = ' ';
    std::memcpy(text.raw() + used, letters.data(), letters.size());
    used += letters.size();
  }
  text.truncate(used);
  return text;
}

static bool is_space(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Lower case, single spaces, none at the ends; in place.
static void tidy(LockedBytes& text) {
  std::size_t used = 0;
  unsigned char* out = text.raw();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = out[i];
    if (!is_space(c))
      out[used++] = c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c - 'A' + 'a') : c;
    else if (used > 0 && out[used - 1] != ' ')
      out[used++] = ' ';
  }
  if (used > 0 && out[used - 1] == ' ') --used;
  text.truncate(used);
}

// The words' bits, entropy first. Invalid when a word is none.
static Result<std::size_t> read_words(std::string_view text, LockedBytes& bits) {
  std::size_t words = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (words == max_words) return fail(Kind::Invalid, "a mnemonic has 12, 15, 18, 21 or 24 words");
    auto index = index_of(text.substr(0, end));
    if (!index) return fail(Kind::Invalid, "word " + std::to_string(words + 1) + " is not in the list");
    for (std::size_t bit = 0; bit < bits_per_word; ++bit) {
      const std::size_t at = words * bits_per_word + bit;
      const unsigned value = *index >> (bits_per_word - 1 - bit) & 1U;
      bits.raw()[at / 8] = static_cast<unsigned char>(bits.raw()[at / 8] | value << (7 - at % 8));
    }
    ++words;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!is_word_count(words)) return fail(Kind::Invalid, "a mnemonic has 12, 15, 18, 21 or 24 words");
  return words;
}

Result<LockedBytes> canonical_mnemonic(Arena& arena, std::string_view input) {
  if (input.size() > max_mnemonic_input) return fail(Kind::Invalid, "the mnemonic is too long");
  ALK_TRY(LockedBytes text, normal_form_kd(arena, input));
  tidy(text);
  ALK_TRY(LockedBytes bits, arena.take(max_bits_size));
  ALK_TRY(const std::size_t words, read_words(text.view(), bits));
  const std::size_t size = entropy_size(words);
  ALK_TRY(LockedBytes sum, checksum(arena, bits.bytes().first(size)));
  const unsigned shift = 8 - static_cast<unsigned>(words) / 3;
  if (std::to_integer<unsigned>(sum.bytes()[0]) >> shift !=
      std::to_integer<unsigned>(bits.bytes()[size]) >> shift)
    return fail(Kind::Invalid, "the checksum of the mnemonic is wrong: a word is mistaken or misplaced");
  return text;
}

Result<LockedBytes> seed_of(Arena& arena, const LockedBytes& mnemonic, std::string_view passphrase) {
  if (passphrase.size() > max_passphrase) return fail(Kind::Invalid, "the passphrase is too long");
  ALK_TRY(LockedBytes extra, normal_form_kd(arena, passphrase));
  return pbkdf2_sha512(arena, mnemonic.bytes(), {as_bytes("mnemonic"), extra.bytes()}, seed_rounds);
}

} // namespace alk::secretd
