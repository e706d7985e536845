// Counts that one thread writes and any thread reads: adding costs what it costs with a plain integer.
#pragma once

#include <atomic>
#include <cstdint>

namespace alk {

class Tally {
 public:
  // Of the writing thread alone: a load and a store, no locked instruction.
  void add(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Payload of the channels of a session, in bytes.
struct Traffic {
  Tally up;   // from the client to its destinations
  Tally down; // to the client
};

} // namespace alk
