// What stored counts since its start and what it holds, as Prometheus names it. No label says whose.
#pragma once

#include "alknet-stored/store.hpp"
#include "base/refusals.hpp"

namespace alk::stored {

class Counts {
 public:
  void refused(Kind kind) { refusals_.add(kind); }
  void anchored(std::uint64_t sequence, bool is_signed) {
    anchored_ = sequence;
    ++(is_signed ? signed_ : unsigned_);
  }

  std::vector<Metric> metrics(const Store::Numbers& numbers) const;

 private:
  Refusals refusals_;
  std::uint64_t signed_ = 0;
  std::uint64_t unsigned_ = 0;
  std::uint64_t anchored_ = 0;
};

// What is in the system's database; counting takes a look at every account, key and organisation.
struct Holdings {
  std::vector<Sample> rows; // by table
  std::uint64_t audit_sequence = 0;
  std::uint64_t bytes = 0;
};
Result<Holdings> count_holdings(Transaction& system, const Store& store);
std::vector<Metric> holdings_metrics(Holdings holdings);

} // namespace alk::stored
