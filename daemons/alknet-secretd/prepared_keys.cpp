#include "alknet-secretd/prepared_keys.hpp"

#include <algorithm>

#include <sodium.h>

namespace alk::secretd {

static_assert(crypto_box_PUBLICKEYBYTES == box_key_size && crypto_box_SEALBYTES == box_overhead);

static const unsigned char* bytes_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Result<std::string> PreparedKeys::prepare(std::string_view caller, Time now) {
  sweep(now);
  auto of_caller = [&](const Prepared& key) { return key.caller == caller; };
  if (std::count_if(keys_.begin(), keys_.end(), of_caller) >=
      static_cast<std::ptrdiff_t>(max_keys_of_a_caller))
    keys_.erase(std::find_if(keys_.begin(), keys_.end(), of_caller));
  if (keys_.size() >= max_prepared_keys) return fail(Kind::Busy, "too many callers have prepared a key");
  ALK_TRY(LockedBytes secret_key, arena_.take(crypto_box_SECRETKEYBYTES));
  std::string public_key(box_key_size, '\0');
  ::crypto_box_keypair(reinterpret_cast<unsigned char*>(public_key.data()), secret_key.raw());
  keys_.push_back({std::string(caller), public_key, std::move(secret_key), now});
  return public_key;
}

Result<LockedBytes> PreparedKeys::open(std::string_view caller, std::string_view public_key,
                                       std::string_view box, Time now) {
  sweep(now);
  auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Prepared& key) {
    return key.caller == caller && key.public_key == public_key;
  });
  if (found == keys_.end())
    return fail(Kind::Denied, "there is no such prepared key of this caller: Prepare first");
  const Prepared key = std::move(*found);
  keys_.erase(found);
  if (box.size() < box_overhead) return fail(Kind::Invalid, "the sealed box cannot be opened");
  ALK_TRY(LockedBytes out, arena_.take(box.size() - box_overhead));
  if (::crypto_box_seal_open(out.raw(), bytes_of(box), box.size(), bytes_of(key.public_key),
                             key.secret_key.raw()) != 0)
    return fail(Kind::Invalid, "the sealed box cannot be opened");
  return out;
}

void PreparedKeys::sweep(Time now) {
  keys_.remove_if([&](const Prepared& key) { return now - key.made >= prepared_key_lifetime; });
}

Result<std::string> seal(std::span<const std::byte> secret, std::string_view recipient) {
  if (recipient.size() != box_key_size) return fail(Kind::Invalid, "a key to seal to has 32 bytes");
  std::string box(secret.size() + box_overhead, '\0');
  if (::crypto_box_seal(reinterpret_cast<unsigned char*>(box.data()),
                        reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                        bytes_of(recipient)) != 0)
    return fail(Kind::Invalid, "this key cannot be sealed to");
  return box;
}

Result<void> check_recipient(std::string_view recipient) {
  ALK_TRY_VOID(seal({}, recipient));
  return {};
}

} // namespace alk::secretd
