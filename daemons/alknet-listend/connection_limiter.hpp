// Live connections per source address and in all, with those that other processes report. The main loop takes
// leases, any thread names and gives them back; each is given back exactly once, by its destructor. Memory:
// one small entry per source with a live connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace alk::listend {

class ConnectionLimiter {
  struct State;

 public:
  enum class Refusal { PerSource, Total };

  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { release(); }
    void release() noexcept;
    // Of acquire_unnamed(): from now on it also counts for its source. Once; a refusal leaves it as it was.
    tl::expected<void, Refusal> name(std::string source);

   private:
    friend class ConnectionLimiter;
    Lease(std::shared_ptr<State> state, std::string source)
        : state_(std::move(state)), source_(std::move(source)) {}
    std::shared_ptr<State> state_;
    std::string source_;
  };

  ConnectionLimiter();
  ConnectionLimiter(std::uint32_t per_source, std::uint32_t total);

  // `source` is a literal in canonical form; each address counts by itself, IPv6 ones too.
  tl::expected<Lease, Refusal> acquire(const std::string& source);

  // For a connection whose source is not known yet: counts in all alone, and here alone.
  tl::expected<Lease, Refusal> acquire_unnamed();

  // 0 = unlimited. Live connections above a lowered limit stay; the next acquire sees it.
  void set_limits(std::uint32_t per_source, std::uint32_t total);

  // What lives elsewhere: an older generation that drains. Takes the place of what was told before.
  void count_elsewhere(std::map<std::string, std::uint32_t> sources);

  std::size_t total() const; // here alone, as are the others below
  std::map<std::string, std::uint32_t> by_source() const;
  std::size_t of_source(const std::string& source) const;
  std::size_t sources() const;

 private:
  std::shared_ptr<State> state_; // leases may outlive the limiter
};

} // namespace alk::listend
