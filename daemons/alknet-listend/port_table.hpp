// For one target and one principal: which rule comes first for a port and a transport. Rules are gathered,
// then compiled into stretches of ports that share their answer, so that a look-up costs a binary search
// however many rules there are.
#pragma once

#include "config/config.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace alk::listend {

inline constexpr std::uint32_t no_rule = std::numeric_limits<std::uint32_t>::max();

struct PortRule {
  std::uint32_t rule = 0;
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 65535;
  std::array<bool, config::transport_count> transports{};
};

class PortTable {
 public:
  void add(const PortRule& rule) { gathered_.push_back(rule); }
  void compile(); // once, after the last add()

  // The lowest rule number, or no_rule.
  std::uint32_t first(std::uint16_t port, config::Transport transport) const;

 private:
  using Answer = std::array<std::uint32_t, config::transport_count>;
  struct Stretch {
    std::uint16_t first_port; // up to the next stretch, or the last port
    Answer rule;
  };
  std::vector<PortRule> gathered_;
  std::vector<Stretch> stretches_; // the first begins at port 0
};

} // namespace alk::listend
