#include "alknet-secretd/hmac.hpp"

#include <sodium.h>

namespace alk::secretd {

// libsodium's: its state is a plain struct that may live in the arena, where OpenSSL's would be a heap of its
// own.
using State = crypto_auth_hmacsha512_state;
static_assert(crypto_auth_hmacsha512_BYTES == hmac_size);

static const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

static void add(State& state, std::initializer_list<std::span<const std::byte>> parts) {
  for (auto part : parts) ::crypto_auth_hmacsha512_update(&state, raw(part), part.size());
}

Result<LockedBytes> hmac_sha512(Arena& arena, std::span<const std::byte> key,
                                std::initializer_list<std::span<const std::byte>> parts) {
  ALK_TRY(auto state, Scratch<State>::make(arena));
  ALK_TRY(LockedBytes out, arena.take(hmac_size));
  ::crypto_auth_hmacsha512_init(state.get(), raw(key), key.size());
  add(*state, parts);
  ::crypto_auth_hmacsha512_final(state.get(), out.raw());
  return out;
}

Result<LockedBytes> pbkdf2_sha512(Arena& arena, std::span<const std::byte> password,
                                  std::initializer_list<std::span<const std::byte>> salt, unsigned rounds) {
  static constexpr std::byte first_block[] = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  ALK_TRY(auto keyed, Scratch<State>::make(arena));
  ALK_TRY(auto state, Scratch<State>::make(arena));
  ALK_TRY(LockedBytes block, arena.take(hmac_size));
  ALK_TRY(LockedBytes sum, arena.take(hmac_size));
  ::crypto_auth_hmacsha512_init(keyed.get(), raw(password), password.size());
  *state = *keyed;
  add(*state, salt);
  add(*state, {first_block});
  ::crypto_auth_hmacsha512_final(state.get(), block.raw());
  std::copy_n(block.raw(), hmac_size, sum.raw());
  for (unsigned round = 1; round < rounds; ++round) {
    *state = *keyed; // the password's part is computed once
    ::crypto_auth_hmacsha512_update(state.get(), block.raw(), hmac_size);
    ::crypto_auth_hmacsha512_final(state.get(), block.raw());
    for (std::size_t i = 0; i < hmac_size; ++i) sum.bytes()[i] ^= block.bytes()[i];
  }
  return sum;
}

} // namespace alk::secretd
