// Stored records, line by line iv, data and salt, and what is inside a box of Unlock: no crash, nothing left
// in use.
#include "alknet-secretd/unlock_request.hpp"
#include "alknet-secretd/vault.hpp"
#include "base/bytes.hpp"
#include "base/text.hpp"

#include <cstdlib>

using namespace alk;
using namespace alk::secretd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto arena = std::move(*Arena::make(arena_size));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string key(32, 'k');
  auto lines = split(text, '\n');
  lines.resize(3);
  EncryptedData record{2, std::string(lines[2]), std::string(lines[0]), std::string(lines[1])};
  static_cast<void>(decrypt(*arena, as_bytes(key), record));
  if (is_utf8(text) && size <= max_plaintext) {
    auto made = encrypt(as_bytes(key), 2, text, [](std::span<std::byte> out) { out[0] = std::byte{7}; });
    auto back = made ? decrypt(*arena, as_bytes(key), *made) : Result<LockedBytes>(fail(Kind::Broken, ""));
    if (!back || back->view() != text) std::abort();
  }
  auto request = parse_unlock_request(as_bytes(text));
  if (request && request->mnemonic.size() + request->passphrase.size() + 8 > size) std::abort();
  if (arena->used() != 0) std::abort();
  return 0;
}
