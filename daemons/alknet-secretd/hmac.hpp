// HMAC-SHA512 (RFC 2104) and PBKDF2 over it (RFC 8018, one block), with every intermediate value in the
// arena.
#pragma once

#include "alknet-secretd/arena.hpp"

#include <initializer_list>

namespace alk::secretd {

inline constexpr std::size_t hmac_size = 64;

// Over the parts, one after the other. 64 bytes.
Result<LockedBytes> hmac_sha512(Arena& arena, std::span<const std::byte> key,
                                std::initializer_list<std::span<const std::byte>> parts);

// The first 64 bytes of PBKDF2-HMAC-SHA512 with the salt in parts.
Result<LockedBytes> pbkdf2_sha512(Arena& arena, std::span<const std::byte> password,
                                  std::initializer_list<std::span<const std::byte>> salt, unsigned rounds);

} // namespace alk::secretd
