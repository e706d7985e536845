// What a caller seals for Unlock and Generate, and what an enrolled credential holds: mnemonic and passphrase
// as RFC 4251 strings (u32 length, bytes), then zeros that hide how long they are.
#pragma once

#include "alknet-secretd/mnemonic.hpp"

namespace alk::secretd {

// Both texts at their longest, and the padding to a round number.
inline constexpr std::size_t max_unlock_request = 4096;

struct UnlockRequest {
  std::string_view mnemonic; // empty for Generate
  std::string_view passphrase;
};

// Points into `bytes`. Invalid for anything else.
Result<UnlockRequest> parse_unlock_request(std::span<const std::byte> bytes);

} // namespace alk::secretd
