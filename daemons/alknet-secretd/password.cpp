#include "alknet-secretd/password.hpp"

#include "alknet-secretd/derivation.hpp"

namespace alk::secretd {

Result<LockedBytes> derive_password(Arena& arena, std::span<const std::byte> seed, const Path& path,
                                    std::size_t length) {
  ALK_TRY_VOID(check_branch(path, Branch::Password));
  if (length < 1 || length > max_password) return fail(Kind::Invalid, "a password has 1 to 64 bytes");
  ALK_TRY(ExtendedKey key, derive_slip10(arena, seed, path));
  key.both.truncate(length);
  return std::move(key.both);
}

} // namespace alk::secretd
