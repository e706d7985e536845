// Derivation paths: "m" and "/index" parts, ' or h marking a hardened one; and what each of alknet's branches
// is for.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <vector>

namespace alk::secretd {

inline constexpr std::uint32_t hardened = 0x80000000;
// Our own paths have 5 parts, the published vectors 5; more is no path of anybody's.
inline constexpr std::size_t max_path_depth = 16;
inline constexpr std::size_t max_path_text = 16 * 13; // each part "/2147483647'"

struct Path {
  std::vector<std::uint32_t> indices; // hardened ones with the top bit set
  std::string text() const;           // with '
  bool operator==(const Path&) const = default;
};

// Invalid for anything else. An index has no sign and no leading zeros: a path has one spelling but for ' and
// h.
Result<Path> parse_path(std::string_view text);

// The branches, each with one algorithm: a key of one can never be asked for as another's.
enum class Branch { Identity, Password, Encryption, Ethereum };

// Invalid unless the path lies below the branch: m/74'/0', m/74'/1', m/74'/2' (all parts hardened) or
// m/44'/60'.
Result<void> check_branch(const Path& path, Branch branch);

Path identity_path(); // m/74'/0'/0'/0', the node's own
Path host_key_path(); // m/74'/0'/1'/0', the SSH host key
Path anchor_path();   // m/74'/0'/2'/0', which signs the ends of the audit log and nothing else
// m/74'/2'/0'/{version - 2}'. Version 1 was another program's format; 0 never was. Both Invalid.
Result<Path> encryption_path(std::uint32_t key_version);

} // namespace alk::secretd
