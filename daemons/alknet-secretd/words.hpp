// The English word list of BIP39 (english.txt), sorted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace alk::secretd {

inline constexpr std::size_t word_count = 2048; // 11 bits each

std::string_view word_at(std::uint16_t index); // below word_count
std::optional<std::uint16_t> index_of(std::string_view word);

} // namespace alk::secretd
