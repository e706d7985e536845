#include "forwarding_policy.hpp"

#include "permit_open.hpp"

#include <algorithm>

namespace alk::listend {

ForwardingPolicy::ForwardingPolicy(config::Forwarding forwarding)
    : forwarding_(std::move(forwarding)), index_(forwarding_.rules) {}

// The constraint that forbids it; empty when none does.
static std::string_view forbidding(const Constraints& constraints, const config::Destination& to) {
  if (constraints.no_port_forwarding) return "no-port-forwarding";
  if (!constraints.permit_open) return {};
  auto& patterns = *constraints.permit_open;
  bool permitted = std::any_of(patterns.begin(), patterns.end(),
                               [&](const std::string& pattern) { return permits(pattern, to); });
  return permitted ? std::string_view() : "permitopen";
}

Decision ForwardingPolicy::decide(const Identity& identity, const Constraints& constraints,
                                  config::Transport transport, const config::Destination& to) const {
  if (auto constraint = forbidding(constraints, to); !constraint.empty())
    return {false, Decision::by_constraint, constraint};
  if (to.reserved && !index_.speaks_of_reserved()) return {true, Decision::by_default, {}};
  if (auto rule = index_.find_first(identity, transport, to))
    return {allows(*rule), static_cast<int>(*rule), {}};
  return {forwarding_.default_action == config::Action::Allow, Decision::by_default, {}};
}

bool ForwardingPolicy::refuses_address(const Identity& identity, config::Transport transport,
                                       const config::Destination& asked,
                                       const config::IpAddress& address) const {
  if (asked.address) return false;
  config::Destination literal{address.text(), address, asked.port, false};
  auto rule = index_.find_first(identity, transport, literal, RuleIndex::View::Address);
  return rule && !allows(*rule);
}

std::string ForwardingPolicy::explain(const Decision& decision) const {
  if (decision.rule == Decision::by_constraint) return std::string(decision.constraint);
  if (decision.rule < 0) return "default";
  return forwarding_.rules[static_cast<std::size_t>(decision.rule)].text;
}

} // namespace alk::listend
