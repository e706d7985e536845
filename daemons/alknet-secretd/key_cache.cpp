#include "alknet-secretd/key_cache.hpp"

#include <algorithm>

namespace alk::secretd {

const DerivedKey* KeyCache::find(Algorithm algorithm, const Path& path, Time now) {
  sweep(now);
  auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.key.algorithm == algorithm && entry.path == path;
  });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return &entries_.front().key;
}

const DerivedKey& KeyCache::put(const Path& path, DerivedKey key, Time now) {
  sweep(now);
  if (entries_.size() >= max_cached_keys) entries_.pop_back();
  entries_.push_front({path, std::move(key), now});
  return entries_.front().key;
}

void KeyCache::sweep(Time now) {
  entries_.remove_if([&](const Entry& entry) { return now - entry.derived >= cached_key_lifetime; });
}

} // namespace alk::secretd
