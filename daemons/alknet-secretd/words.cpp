#include "alknet-secretd/words.hpp"

#include <algorithm>

namespace alk::secretd {

static constexpr std::array<std::string_view, word_count> words = {
#include "words.inc"
};

std::string_view word_at(std::uint16_t index) {
  return words.at(index);
}

std::optional<std::uint16_t> index_of(std::string_view word) {
  const auto* found = std::lower_bound(words.begin(), words.end(), word);
  if (found == words.end() || *found != word) return std::nullopt;
  return static_cast<std::uint16_t>(found - words.begin());
}

} // namespace alk::secretd
