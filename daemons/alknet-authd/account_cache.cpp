#include "alknet-authd/account_cache.hpp"

#include <algorithm>

namespace alk::authd {

// No kind has a blank in it.
static std::string key_of(const Question& question) {
  return question.kind + " " + question.value;
}

const AccountCache::Entry* AccountCache::Shelf::find(const std::string& key) const {
  auto found = index_.find(key);
  return found == index_.end() ? nullptr : &*found->second;
}

void AccountCache::Shelf::remove(const std::string& key) {
  auto found = index_.find(key);
  if (found == index_.end()) return;
  entries_.erase(found->second);
  index_.erase(found);
}

void AccountCache::Shelf::put(Entry entry) {
  remove(entry.key);
  if (entries_.size() == limit_) remove(std::string(entries_.front().key));
  entries_.push_back(std::move(entry));
  index_[entries_.back().key] = std::prev(entries_.end());
}

void AccountCache::Shelf::clear() {
  index_.clear();
  entries_.clear();
}

void AccountCache::adopt(std::uint64_t revision) {
  drop();
  revision_ = revision;
}

AccountCache::News AccountCache::heard(const Asked& asked, std::uint64_t revision) {
  if (asked.feed != feed_) return News::Outdated;
  const bool same = revision_ == revision;
  // Older than what is known: an answer that a change has overtaken, unless that was known when it was asked
  // for. Then the store itself went back, as after a restore.
  if (!same && revision_ && revision < *revision_ && asked.revision != revision_) return News::Outdated;
  if (!same) adopt(revision);
  confirmed_ = std::max(confirmed_.value_or(asked.at), asked.at);
  return same ? News::Same : News::Changed;
}

bool AccountCache::told(std::uint64_t revision) {
  if (revision_ && revision <= *revision_) return false;
  adopt(revision);
  return true;
}

void AccountCache::drop() {
  confirmed_.reset();
  accepted_.clear();
  refused_.clear();
}

void AccountCache::forget() {
  drop();
  revision_.reset();
  ++feed_;
}

KnownPtr AccountCache::find(const Question& question, SteadyTime now) const {
  if (!confirmed_ || now - *confirmed_ > cache_lease) return nullptr;
  const std::string key = key_of(question);
  if (const Entry* entry = accepted_.find(key)) return entry->known;
  const Entry* entry = refused_.find(key);
  return entry != nullptr && now - entry->asked <= refusal_lifetime ? entry->known : nullptr;
}

void AccountCache::keep(const Question& question, KnownPtr known, const Asked& asked) {
  if (asked.feed != feed_ || known->answer.revision != revision_) return;
  const bool accepted = known->answer.accepted;
  std::string key = key_of(question);
  (accepted ? refused_ : accepted_).remove(key);
  if (known->weight > max_cached_weight) return (accepted ? accepted_ : refused_).remove(key);
  (accepted ? accepted_ : refused_).put({std::move(key), std::move(known), asked.at});
}

} // namespace alk::authd
