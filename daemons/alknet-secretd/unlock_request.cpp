#include "alknet-secretd/unlock_request.hpp"

#include "base/bytes.hpp"

namespace alk::secretd {

Result<UnlockRequest> parse_unlock_request(std::span<const std::byte> bytes) {
  auto wrong = [] {
    return fail(Kind::Invalid, "mnemonic and passphrase are not in the form that the contract wants");
  };
  ByteReader reader(bytes);
  auto mnemonic = reader.string(max_mnemonic_input);
  if (!mnemonic) return wrong();
  auto passphrase = reader.string(max_passphrase);
  if (!passphrase || bytes.size() > max_unlock_request) return wrong();
  for (std::byte padding : bytes.last(reader.left()))
    if (padding != std::byte{0}) return wrong();
  return UnlockRequest{*mnemonic, *passphrase};
}

} // namespace alk::secretd
