// What authd counts since its start, and how Prometheus names it.
#pragma once

#include "alknet-authd/judge.hpp"
#include "base/metric.hpp"

#include <array>

namespace alk::authd {

class Counts {
 public:
  void verdict(const Result<Verdict>& verdict);
  void token(const Verdict& verdict);
  void reload(bool done) { ++(done ? reloads_done_ : reloads_failed_); }
  std::vector<Metric> metrics() const;

 private:
  std::uint64_t accepted_ = 0;
  std::uint64_t malformed_ = 0;
  std::array<std::uint64_t, std::size(refusals)> refused_{};
  std::uint64_t tokens_accepted_ = 0;
  std::array<std::uint64_t, std::size(refusals)> tokens_refused_{};
  std::uint64_t reloads_done_ = 0;
  std::uint64_t reloads_failed_ = 0;
};

} // namespace alk::authd
