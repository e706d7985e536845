// BIP39: entropy, words, seed. English words; 12, 15, 18, 21 or 24 of them.
#pragma once

#include "alknet-secretd/arena.hpp"

namespace alk::secretd {

inline constexpr std::size_t seed_size = 64;
// 24 words of at most 8 letters, with room for careless spacing and wide letters.
inline constexpr std::size_t max_mnemonic_input = 1024;
inline constexpr std::size_t max_passphrase = 1024; // bytes: longer is a file by mistake

bool is_word_count(std::size_t words);
// Bytes of entropy for a count of words (12: 16 ... 24: 32).
inline constexpr std::size_t entropy_size(std::size_t words) {
  return words / 3 * 4;
}

// The words, each followed by one space but the last. 16, 20, 24, 28 or 32 bytes (Invalid).
Result<LockedBytes> mnemonic_from_entropy(Arena& arena, std::span<const std::byte> entropy);

// What somebody typed, in that form: NFKD, lower case, any white space. Invalid when the count, a word (named
// by its place, never by itself) or the checksum is wrong.
Result<LockedBytes> canonical_mnemonic(Arena& arena, std::string_view text);

// Of a canonical mnemonic. The passphrase is brought into NFKD; Invalid when it is not UTF-8.
Result<LockedBytes> seed_of(Arena& arena, const LockedBytes& mnemonic, std::string_view passphrase);

} // namespace alk::secretd
