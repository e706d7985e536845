#include "alknet-authd/key_set.hpp"

#include "base/secret_bytes.hpp"
#include "pubkey/auth_token.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

bool by_digest(const KeySet::Entry& a, const KeySet::Entry& b) {
  return a.digest < b.digest;
}

const KeySet::Entry* find_digest(const std::vector<KeySet::Entry>& entries, const Digest& digest) {
  auto at = std::lower_bound(
      entries.begin(), entries.end(), digest,
      [](const KeySet::Entry& entry, const Digest& wanted) { return entry.digest < wanted; });
  return at != entries.end() && at->digest == digest ? &*at : nullptr;
}

// Sorts, keeping the first line of every key; the later ones go to `refused`.
void keep_first(std::vector<KeySet::Entry>& entries, std::vector<KeySet::Entry>& refused,
                std::vector<Place>& firsts) {
  std::stable_sort(entries.begin(), entries.end(), by_digest);
  std::vector<KeySet::Entry> kept;
  kept.reserve(entries.size());
  for (KeySet::Entry& entry : entries) {
    if (!kept.empty() && kept.back().digest == entry.digest) {
      firsts.push_back(kept.back().line.place);
      refused.push_back(std::move(entry));
    } else {
      kept.push_back(std::move(entry));
    }
  }
  entries = std::move(kept);
}

void refuse_duplicates(std::vector<KeySet::Entry>& entries, Warnings& warnings) {
  std::vector<KeySet::Entry> refused;
  std::vector<Place> firsts;
  keep_first(entries, refused, firsts);
  for (std::size_t i = 0; i < refused.size(); ++i)
    warnings.add(std::move(refused[i].line.place), "the key stands already at " + firsts[i].text());
}

} // namespace

KeySet KeySet::build(AuthorizedKeys&& keys) {
  KeySet set;
  for (KeyLine& line : keys.lines) {
    Entry entry{sha256(line.blob), std::move(line)};
    auto& authorities = entry.line.trusted ? set.trusted_ : set.authorities_;
    (entry.line.options.cert_authority ? authorities : set.logins_).push_back(std::move(entry));
  }
  refuse_duplicates(set.authorities_, keys.warnings);
  refuse_duplicates(set.trusted_, keys.warnings);
  std::erase_if(set.logins_, [&](const Entry& entry) {
    if (!set.is_authority(entry.digest)) return false;
    keys.warnings.add(entry.line.place, "the key is a certificate authority");
    return true;
  });
  refuse_duplicates(set.logins_, keys.warnings);
  for (std::size_t i = 0; i < set.logins_.size(); ++i)
    set.token_keys_.emplace_back(pubkey::token_key_id(set.logins_[i].line.blob), i);
  std::sort(set.token_keys_.begin(), set.token_keys_.end());
  set.warnings_ = std::move(keys.warnings);
  return set;
}

const KeySet::Entry* KeySet::find_login(std::string_view blob) const {
  const Entry* entry = find_digest(logins_, sha256(blob));
  const std::string_view known = entry != nullptr ? std::string_view(entry->line.blob) : blob;
  bool same = equal_constant_time(known, blob);
  return entry != nullptr && same ? entry : nullptr;
}

const KeySet::Entry* KeySet::find_login_by_id(std::string_view id) const {
  auto digest = parse_fingerprint(id);
  return digest ? find_digest(logins_, *digest) : nullptr;
}

const KeySet::Entry* KeySet::find_token_key(const Digest& key_id) const {
  auto at = std::lower_bound(token_keys_.begin(), token_keys_.end(), std::pair(key_id, std::size_t{0}));
  if (at != token_keys_.end() && at->first == key_id) return &logins_[at->second];
  return find_digest(logins_, key_id);
}

std::vector<const KeySet::Entry*> KeySet::find_authority(const Digest& digest) const {
  std::vector<const Entry*> found;
  for (const auto* entries : {&trusted_, &authorities_})
    if (const Entry* entry = find_digest(*entries, digest)) found.push_back(entry);
  return found;
}

bool KeySet::is_authority(const Digest& digest) const {
  return find_digest(trusted_, digest) != nullptr || find_digest(authorities_, digest) != nullptr;
}

} // namespace alk::authd
