#include "port_table.hpp"

#include <algorithm>
#include <set>

namespace alk::listend {

// A rule begins to hold at a port, or no longer holds from there on.
struct Edge {
  std::uint32_t port; // 65536 is possible: behind the last
  bool begins;
  const PortRule* rule;
};

static std::vector<Edge> edges_of(const std::vector<PortRule>& rules) {
  std::vector<Edge> edges;
  for (auto& rule : rules) {
    edges.push_back({rule.first_port, true, &rule});
    edges.push_back({rule.last_port + 1U, false, &rule});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.port < b.port; });
  return edges;
}

void PortTable::compile() {
  std::array<std::multiset<std::uint32_t>, config::transport_count> holding;
  auto apply = [&](const Edge& edge) {
    for (std::size_t t = 0; t < holding.size(); ++t) {
      if (!edge.rule->transports[t]) continue;
      if (edge.begins)
        holding[t].insert(edge.rule->rule);
      else
        holding[t].erase(holding[t].find(edge.rule->rule));
    }
  };
  auto answer = [&] {
    Answer lowest;
    for (std::size_t t = 0; t < holding.size(); ++t)
      lowest[t] = holding[t].empty() ? no_rule : *holding[t].begin();
    return lowest;
  };
  auto edges = edges_of(gathered_);
  stretches_ = {{0, answer()}};
  for (std::size_t i = 0; i < edges.size() && edges[i].port <= 65535;) {
    auto port = edges[i].port;
    for (; i < edges.size() && edges[i].port == port; ++i) apply(edges[i]);
    if (port == 0)
      stretches_.front().rule = answer();
    else if (answer() != stretches_.back().rule)
      stretches_.push_back({static_cast<std::uint16_t>(port), answer()});
  }
  stretches_.shrink_to_fit();
  gathered_ = {};
}

std::uint32_t PortTable::first(std::uint16_t port, config::Transport transport) const {
  auto next =
      std::upper_bound(stretches_.begin(), stretches_.end(), port,
                       [](std::uint16_t wanted, const Stretch& one) { return wanted < one.first_port; });
  if (next == stretches_.begin()) return no_rule; // not compiled: nothing was added
  return std::prev(next)->rule[static_cast<std::size_t>(transport)];
}

} // namespace alk::listend
