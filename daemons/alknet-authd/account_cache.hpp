// What alknet-stored answered about credentials, for as long as it may be believed. The cache is a lease: an
// answer counts only while the store's revision, at which it was given, was confirmed a moment ago. That the
// store tells of changes makes it end sooner, nothing more. Pure: the clock comes in.
//
//   unknown --an answer--> known at revision R --a newer revision, from whatever source--> known, and empty
//                          known --dropped--> known, empty, not confirmed
//                          known --forgotten--> unknown
#pragma once

#include "alknet-authd/account_judge.hpp"

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace alk::authd {

using SteadyTime = std::chrono::steady_clock::time_point;

// How old the confirmation of the revision may be, counted from when it was asked for: the store has read it
// later than that.
inline constexpr std::chrono::milliseconds cache_lease{500};
// A key that was just given to an account must not be refused for longer, whatever goes wrong.
inline constexpr std::chrono::milliseconds refusal_lifetime{1000};
// An account with thousands of resources is asked for at each login: what is kept stays below 64 MiB.
inline constexpr std::size_t max_cached_weight = 32 * 1024;
// About 2 KiB each, a line with many options more. Beyond, the oldest goes and is asked for again.
inline constexpr std::size_t max_cached_accepted = 2048;
// Apart, so that whoever shows many keys that nobody knows cannot drive the good ones out.
inline constexpr std::size_t max_cached_refused = 512;

class AccountCache {
 public:
  // What was known when a question went out.
  struct Asked {
    SteadyTime at;
    std::optional<std::uint64_t> revision;
    std::uint64_t feed = 0; // which one: there is another after each forget()
  };
  Asked asking(SteadyTime now) const { return {now, revision_, feed_}; }

  enum class News {
    Same,    // the revision that was known
    Changed, // another one, or none was known
    Outdated // made before a change that is known by now, or by a store that is gone: ask again
  };
  // The revision of an answer.
  News heard(const Asked& asked, std::uint64_t revision);
  // The store says by itself that there is a new revision. Whether it was news.
  bool told(std::uint64_t revision);
  // The revision could not be confirmed: nothing counts until it is, and then only what is asked for anew.
  void drop();
  // The store went, or is another: also its revision is unknown.
  void forget();

  // Nothing when it is not known, or does not count.
  KnownPtr find(const Question& question, SteadyTime now) const;
  // An answer that was not Outdated.
  void keep(const Question& question, KnownPtr known, const Asked& asked);

  std::size_t size() const { return accepted_.size() + refused_.size(); }

 private:
  struct Entry {
    std::string key;
    KnownPtr known;
    SteadyTime asked;
  };
  // In the order of their coming.
  class Shelf {
   public:
    explicit Shelf(std::size_t limit) : limit_(limit) {}
    const Entry* find(const std::string& key) const;
    void put(Entry entry);
    void remove(const std::string& key);
    void clear();
    std::size_t size() const { return entries_.size(); }

   private:
    const std::size_t limit_;
    std::list<Entry> entries_;
    std::unordered_map<std::string, std::list<Entry>::iterator> index_;
  };
  void adopt(std::uint64_t revision);

  std::optional<std::uint64_t> revision_; // the newest that is known
  std::optional<SteadyTime> confirmed_;   // when that was asked for last
  std::uint64_t feed_ = 0;
  Shelf accepted_{max_cached_accepted};
  Shelf refused_{max_cached_refused};
};

} // namespace alk::authd
