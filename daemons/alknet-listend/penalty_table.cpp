#include "penalty_table.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>
#include <unordered_map>

#include <sodium/crypto_shorthash.h>
#include <sodium/randombytes.h>

namespace alk::listend {

using config::IpAddress;
using config::Network;
using std::chrono::milliseconds;
using TimePoint = PenaltyTable::Clock::time_point;

std::string_view offence_word(Offence offence) {
  switch (offence) {
  case Offence::AuthFailure: return "auth-failure";
  case Offence::NoAuth: return "no-auth";
  case Offence::GraceExceeded: return "grace-exceeded";
  case Offence::ProtocolError: return "protocol-error";
  }
  return "";
}

std::optional<Offence> parse_offence(std::string_view word) {
  for (Offence offence :
       {Offence::AuthFailure, Offence::NoAuth, Offence::GraceExceeded, Offence::ProtocolError})
    if (word == offence_word(offence)) return offence;
  return std::nullopt;
}

namespace {

// Keyed: whoever owns an IPv6 network chooses the addresses that are hashed here.
class AddressHash {
 public:
  AddressHash() { ::randombytes_buf(key_.data(), key_.size()); }
  std::size_t operator()(const IpAddress& address) const {
    std::array<unsigned char, crypto_shorthash_BYTES> hash;
    ::crypto_shorthash(hash.data(), address.bytes.data(), address.size, key_.data());
    std::size_t value = 0;
    std::memcpy(&value, hash.data(), sizeof value);
    return value;
  }

 private:
  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_;
};

struct Entry {
  TimePoint end;
  Offence offence = Offence::NoAuth;
  bool refusing = false;
  std::uint64_t refused = 0;
};

// The sources of one address family. by_end_ holds the same sources as entries_, in the order they go.
class Family {
 public:
  using Entries = std::unordered_map<IpAddress, Entry, AddressHash>;

  Entry* find(const IpAddress& source) {
    auto found = entries_.find(source);
    return found == entries_.end() ? nullptr : &found->second;
  }

  void put(const IpAddress& source, const Entry& entry) {
    erase(source);
    by_end_.emplace(entry.end, source);
    entries_.emplace(source, entry);
  }

  bool erase(const IpAddress& source) {
    auto found = entries_.find(source);
    if (found == entries_.end()) return false;
    by_end_.erase({found->second.end, source});
    entries_.erase(found);
    return true;
  }

  void expire(TimePoint now) {
    while (!by_end_.empty() && by_end_.begin()->first <= now) erase_first();
  }

  TimePoint first_end() const { return by_end_.begin()->first; }
  void erase_first() { erase(IpAddress(by_end_.begin()->second)); }

  void clear() {
    by_end_.clear();
    entries_ = Entries(); // a full table's memory goes with it
  }

  std::size_t size() const { return entries_.size(); }
  const Entries& entries() const { return entries_; }

 private:
  Entries entries_;
  std::set<std::pair<TimePoint, IpAddress>> by_end_;
};

bool exempt(const config::Penalties& rules, const IpAddress& address) {
  return std::any_of(rules.exempt.begin(), rules.exempt.end(),
                     [&](const Network& network) { return network.contains(address); });
}

std::chrono::seconds time_of(const config::Penalties& rules, Offence offence) {
  switch (offence) {
  case Offence::AuthFailure: return rules.auth_failure;
  case Offence::NoAuth: return rules.no_auth;
  case Offence::GraceExceeded: return rules.grace_exceeded;
  case Offence::ProtocolError: return rules.protocol_error;
  }
  return std::chrono::seconds(0);
}

} // namespace

struct PenaltyTable::State {
  std::mutex mutex;
  std::size_t most = most_sources;
  config::Penalties rules;
  Family v4, v6;

  Family& family(const IpAddress& address) { return address.size == 4 ? v4 : v6; }
  unsigned prefix(std::uint8_t size) const { return size == 4 ? rules.ipv4_prefix : rules.ipv6_prefix; }
  IpAddress source(const IpAddress& address) const { return masked(address, prefix(address.size)); }
  Network network(const IpAddress& source) const {
    return {source, static_cast<std::uint8_t>(prefix(source.size))};
  }
  bool refused_by_overflow(const Family& family, const IpAddress& address) const {
    return rules.overflow == config::Overflow::DenyAll && family.size() >= most && !exempt(rules, address);
  }
  // For one more source. False: those that are there stay.
  bool make_room(Family& family) const {
    if (family.size() < most) return true;
    if (rules.overflow == config::Overflow::DenyAll) return false;
    family.erase_first();
    return true;
  }
  void put_worse(Family& family, const IpAddress& source, Entry entry, const Penalty& told,
                 TimePoint now) const {
    const TimePoint end = now + std::min<milliseconds>(told.left, rules.max);
    if (end > entry.end) {
      entry.end = end;
      entry.offence = told.offence;
    }
    entry.refusing |= told.refusing;
    entry.refused = std::max(entry.refused, told.refused);
    family.put(source, entry);
  }
};

PenaltyTable::PenaltyTable(std::size_t most) : state_(std::make_unique<State>()) {
  state_->most = most;
}

PenaltyTable::~PenaltyTable() = default;

void PenaltyTable::set_rules(const config::Penalties& rules) {
  std::lock_guard lock(state_->mutex);
  const config::Penalties before = std::exchange(state_->rules, rules);
  if (!rules.enabled || before.ipv4_prefix != rules.ipv4_prefix) state_->v4.clear();
  if (!rules.enabled || before.ipv6_prefix != rules.ipv6_prefix) state_->v6.clear();
  if (before.exempt == rules.exempt) return;
  for (Family* family : {&state_->v4, &state_->v6}) {
    std::vector<IpAddress> gone;
    for (const auto& [source, entry] : family->entries())
      if (exempt(rules, source)) gone.push_back(source);
    for (const IpAddress& source : gone) family->erase(source);
  }
}

bool PenaltyTable::refuses(const IpAddress& address, TimePoint now) {
  std::lock_guard lock(state_->mutex);
  if (!state_->rules.enabled || address.size == 0) return false;
  Family& family = state_->family(address);
  if (family.size() == 0) return false;
  if (Entry* entry = family.find(state_->source(address))) {
    // An exempt address may stand in a network that is not: its neighbours' penalty is not its own.
    if (entry->refusing && entry->end > now && !exempt(state_->rules, address)) {
      ++entry->refused;
      return true;
    }
  }
  if (!state_->refused_by_overflow(family, address)) return false;
  family.expire(now);
  return state_->refused_by_overflow(family, address);
}

auto PenaltyTable::penalise(const IpAddress& address, Offence offence, TimePoint now)
    -> std::optional<Started> {
  std::lock_guard lock(state_->mutex);
  const config::Penalties& rules = state_->rules;
  const std::chrono::seconds time = time_of(rules, offence);
  if (!rules.enabled || address.size == 0 || time.count() == 0 || exempt(rules, address)) return std::nullopt;
  Family& family = state_->family(address);
  family.expire(now);
  const IpAddress source = state_->source(address);
  const Entry* known = family.find(source);
  if (known == nullptr && !state_->make_room(family)) return std::nullopt;
  Entry entry = known != nullptr ? *known : Entry{.end = now};
  const bool was_refusing = entry.refusing;
  entry.end = std::min(entry.end + time, now + rules.max);
  entry.offence = offence;
  entry.refusing = was_refusing || entry.end - now > rules.min;
  family.put(source, entry);
  if (was_refusing || !entry.refusing) return std::nullopt;
  return Started{state_->network(source), std::chrono::ceil<std::chrono::seconds>(entry.end - now)};
}

auto PenaltyTable::report(std::size_t most, TimePoint now) -> Report {
  std::lock_guard lock(state_->mutex);
  Report report;
  for (Family* family : {&state_->v4, &state_->v6}) {
    family->expire(now);
    report.sources += family->size();
    for (const auto& [source, entry] : family->entries())
      report.penalties.push_back({state_->network(source), entry.offence,
                                  std::chrono::ceil<milliseconds>(entry.end - now), entry.refusing,
                                  entry.refused});
  }
  auto longer = [](const Penalty& a, const Penalty& b) {
    return a.left != b.left ? a.left > b.left : a.source < b.source;
  };
  auto shown =
      report.penalties.begin() + static_cast<std::ptrdiff_t>(std::min(most, report.penalties.size()));
  std::partial_sort(report.penalties.begin(), shown, report.penalties.end(), longer);
  report.penalties.erase(shown, report.penalties.end());
  return report;
}

void PenaltyTable::merge(const std::vector<Penalty>& penalties, TimePoint now) {
  std::lock_guard lock(state_->mutex);
  if (!state_->rules.enabled) return;
  state_->v4.expire(now);
  state_->v6.expire(now);
  for (const Penalty& told : penalties) {
    const IpAddress& source = told.source.address;
    if (source.size == 0 || told.left.count() <= 0 || state_->network(source) != told.source ||
        exempt(state_->rules, source))
      continue;
    Family& family = state_->family(source);
    const Entry* known = family.find(source);
    const bool full = known == nullptr && family.size() >= state_->most;
    if (full && (family.first_end() >= now + told.left || !state_->make_room(family))) continue;
    state_->put_worse(family, source, known != nullptr ? *known : Entry{.end = now}, told, now);
  }
}

std::vector<Network> PenaltyTable::clear(const IpAddress& address) {
  std::lock_guard lock(state_->mutex);
  const IpAddress source = state_->source(address);
  if (address.size == 0 || !state_->family(address).erase(source)) return {};
  return {state_->network(source)};
}

std::vector<Network> PenaltyTable::clear() {
  std::lock_guard lock(state_->mutex);
  std::vector<Network> gone;
  for (Family* family : {&state_->v4, &state_->v6}) {
    for (const auto& [source, entry] : family->entries()) gone.push_back(state_->network(source));
    family->clear();
  }
  return gone;
}

} // namespace alk::listend
