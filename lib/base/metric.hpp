// What is measured, on its way from where it is counted to who prints it. Names and labels are those of
// Prometheus. No label ever holds a destination, an address or what a peer typed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace alk {

// Each label value is a time series that somebody keeps: identities beyond the first so many count together.
inline constexpr std::size_t most_identities = 100;
inline constexpr const char* other_identities = "other";

using Labels = std::map<std::string, std::string>;

struct Sample {
  Labels labels;
  std::uint64_t value = 0;
  bool operator==(const Sample&) const = default;
};

struct Metric {
  std::string name;
  std::string type; // "counter", "gauge"
  std::string help; // one line
  std::vector<Sample> samples;
};

// One sample that still has its name with it.
struct Reading {
  std::string name;
  Labels labels;
  std::uint64_t value = 0;
  bool operator==(const Reading&) const = default;
};

} // namespace alk
