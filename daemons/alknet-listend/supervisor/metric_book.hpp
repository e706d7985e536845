// The sums of what all engines count. What an engine said last is remembered, so that no sum goes back when
// it ends; the sums of those that have ended can be saved for the next supervisor. Takes nothing from an
// engine but what the catalogue below names, and no more identities than one engine would tell apart.
#pragma once

#include "control/bodies.hpp"

#include <set>

namespace alk::listend {

class MetricBook {
 public:
  // A word of a generation that lives. Two that overtook each other turn no count back.
  void note(std::uint64_t generation, const ReadingsBody& body);
  void ended(std::uint64_t generation);

  // Every metric of the catalogue, also those that nobody has counted yet.
  std::vector<Metric> sums() const;

  std::string save() const;             // of those that have ended
  void restore(std::string_view saved); // what cannot be read counts as nothing

 private:
  using Sums = std::map<std::pair<std::string, Labels>, std::uint64_t>;
  Sums sums_of(const ReadingsBody& body);

  std::map<std::uint64_t, Sums> live_;
  Sums ended_;
  std::set<std::string> identities_; // that have a series of their own, for good
};

} // namespace alk::listend
