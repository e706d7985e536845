#include "connection_limiter.hpp"

#include <mutex>
#include <utility>

namespace alk::listend {

struct ConnectionLimiter::State {
  std::mutex mutex;
  std::uint32_t per_source_limit = 0;
  std::uint32_t total_limit = 0;
  std::size_t total = 0;
  // A tree, not a hash table: whoever owns an IPv6 network chooses keys, and could choose colliding ones.
  std::map<std::string, std::uint32_t> by_source;
  std::map<std::string, std::uint32_t> elsewhere;
  std::size_t total_elsewhere = 0;

  bool full() const { return total_limit > 0 && total + total_elsewhere >= total_limit; }
  bool full(const std::string& source) const {
    auto count_in = [&source](const std::map<std::string, std::uint32_t>& counts) -> std::uint64_t {
      auto known = counts.find(source);
      return known == counts.end() ? 0 : known->second;
    };
    return per_source_limit > 0 && count_in(by_source) + count_in(elsewhere) >= per_source_limit;
  }
};

ConnectionLimiter::ConnectionLimiter() : state_(std::make_shared<State>()) {}

ConnectionLimiter::ConnectionLimiter(std::uint32_t per_source, std::uint32_t total) : ConnectionLimiter() {
  set_limits(per_source, total);
}

auto ConnectionLimiter::acquire(const std::string& source) -> tl::expected<Lease, Refusal> {
  std::lock_guard lock(state_->mutex);
  if (state_->full()) return tl::unexpected(Refusal::Total);
  if (state_->full(source)) return tl::unexpected(Refusal::PerSource);
  ++state_->by_source[source];
  ++state_->total;
  return Lease(state_, source);
}

auto ConnectionLimiter::acquire_unnamed() -> tl::expected<Lease, Refusal> {
  std::lock_guard lock(state_->mutex);
  if (state_->full()) return tl::unexpected(Refusal::Total);
  ++state_->total;
  return Lease(state_, "");
}

auto ConnectionLimiter::Lease::name(std::string source) -> tl::expected<void, Refusal> {
  std::lock_guard lock(state_->mutex);
  if (state_->full(source)) return tl::unexpected(Refusal::PerSource);
  ++state_->by_source[source];
  source_ = std::move(source);
  return {};
}

void ConnectionLimiter::Lease::release() noexcept {
  auto state = std::exchange(state_, nullptr);
  if (!state) return;
  std::lock_guard lock(state->mutex);
  --state->total;
  if (source_.empty()) return;
  auto known = state->by_source.find(source_);
  if (--known->second == 0) state->by_source.erase(known);
}

auto ConnectionLimiter::Lease::operator=(Lease&& other) noexcept -> Lease& {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  source_ = std::move(other.source_);
  return *this;
}

void ConnectionLimiter::set_limits(std::uint32_t per_source, std::uint32_t total) {
  std::lock_guard lock(state_->mutex);
  state_->per_source_limit = per_source;
  state_->total_limit = total;
}

void ConnectionLimiter::count_elsewhere(std::map<std::string, std::uint32_t> sources) {
  std::size_t total = 0;
  for (const auto& [source, count] : sources) total += count;
  std::lock_guard lock(state_->mutex);
  state_->elsewhere.swap(sources);
  state_->total_elsewhere = total;
}

std::map<std::string, std::uint32_t> ConnectionLimiter::by_source() const {
  std::lock_guard lock(state_->mutex);
  return state_->by_source;
}

std::size_t ConnectionLimiter::total() const {
  std::lock_guard lock(state_->mutex);
  return state_->total;
}

std::size_t ConnectionLimiter::of_source(const std::string& source) const {
  std::lock_guard lock(state_->mutex);
  auto known = state_->by_source.find(source);
  return known == state_->by_source.end() ? 0 : known->second;
}

std::size_t ConnectionLimiter::sources() const {
  std::lock_guard lock(state_->mutex);
  return state_->by_source.size();
}

} // namespace alk::listend
