#include "alknet-secretd/path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace alk::secretd {

static constexpr std::uint32_t our_coin = 74 | hardened; // not in SLIP-0044; alknet's own
static constexpr std::uint32_t first_key_version = 2;

std::string Path::text() const {
  std::string out = "m";
  for (std::uint32_t index : indices)
    out += "/" + std::to_string(index & ~hardened) + ((index & hardened) != 0 ? "'" : "");
  return out;
}

static Result<std::uint32_t> parse_index(std::string_view text) {
  std::uint32_t mark = 0;
  if (!text.empty() && (text.back() == '\'' || text.back() == 'h')) {
    mark = hardened;
    text.remove_suffix(1);
  }
  auto number = parse_number(text);
  if (!number || *number >= hardened || (text.size() > 1 && text.front() == '0'))
    return fail(Kind::Invalid,
                "a part of a derivation path is a number below 2147483648, with ' or h when hardened");
  return static_cast<std::uint32_t>(*number) | mark;
}

Result<Path> parse_path(std::string_view text) {
  if (text.size() > max_path_text) return fail(Kind::Invalid, "the derivation path is too long");
  auto parts = split(text, '/');
  if (parts.empty() || parts.front() != "m") return fail(Kind::Invalid, "a derivation path begins with m");
  if (parts.size() > max_path_depth + 1) return fail(Kind::Invalid, "the derivation path has too many parts");
  Path path;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    ALK_TRY(std::uint32_t index, parse_index(parts[i]));
    path.indices.push_back(index);
  }
  return path;
}

static std::uint32_t second_index(Branch branch) {
  switch (branch) {
  case Branch::Identity: return 0 | hardened;
  case Branch::Password: return 1 | hardened;
  case Branch::Encryption: return 2 | hardened;
  case Branch::Ethereum: return 60 | hardened;
  }
  return 0;
}

Result<void> check_branch(const Path& path, Branch branch) {
  const bool ours = branch != Branch::Ethereum;
  const Path root{{ours ? our_coin : 44 | hardened, second_index(branch)}};
  const auto& parts = path.indices;
  if (parts.size() < 3 || !std::equal(root.indices.begin(), root.indices.end(), parts.begin()))
    return fail(Kind::Invalid, "keys of this kind have paths below " + root.text());
  auto is_hardened = [](std::uint32_t index) { return (index & hardened) != 0; };
  if (ours && !std::all_of(parts.begin(), parts.end(), is_hardened))
    return fail(Kind::Invalid, "every part of this path has to be hardened");
  return {};
}

Path identity_path() {
  return {{our_coin, 0 | hardened, 0 | hardened, 0 | hardened}};
}

Path host_key_path() {
  return {{our_coin, 0 | hardened, 1 | hardened, 0 | hardened}};
}

Path anchor_path() {
  return {{our_coin, 0 | hardened, 2 | hardened, 0 | hardened}};
}

Result<Path> encryption_path(std::uint32_t key_version) {
  if (key_version < first_key_version || key_version - first_key_version >= hardened)
    return fail(Kind::Invalid, "there is no such key version: they begin at 2");
  return Path{{our_coin, 2 | hardened, 0 | hardened, (key_version - first_key_version) | hardened}};
}

} // namespace alk::secretd
