// Passwords that follow from the seed and the name of a site; never cached.
#pragma once

#include "alknet-secretd/arena.hpp"
#include "alknet-secretd/path.hpp"

namespace alk::secretd {

inline constexpr std::size_t max_password = 64; // bytes of one HMAC-SHA512

// The first `length` bytes (1 to 64, Invalid) of the last step's whole output. The path is below m/74'/1'.
Result<LockedBytes> derive_password(Arena& arena, std::span<const std::byte> seed, const Path& path,
                                    std::size_t length);

} // namespace alk::secretd
