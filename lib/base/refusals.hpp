// How often a daemon answered with an error, by the kind of that.
#pragma once

#include "base/metric.hpp"
#include "base/result.hpp"

#include <array>

namespace alk {

class Refusals {
 public:
  void add(Kind kind) { ++counts_[static_cast<std::size_t>(kind)]; }

  // A sample a kind, also of those that never came: {kind="Invalid"}.
  std::vector<Sample> samples() const {
    std::vector<Sample> all;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      all.push_back({{{"kind", std::string(kind_name(static_cast<Kind>(i)))}}, counts_[i]});
    return all;
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Kind::Broken) + 1> counts_{};
};

} // namespace alk
