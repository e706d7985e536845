// May this login open a channel to that destination? The one place that decides, for sessions and for Explain
// alike. Immutable; one object per generation of the configuration, read by all loops at once.
#pragma once

#include "rule_index.hpp"

namespace alk::listend {

struct Decision {
  static constexpr int by_default = -1;
  static constexpr int by_constraint = -2;
  bool allowed = false;
  int rule = by_default;       // index in file order, or one of the above
  std::string_view constraint; // its name, by_constraint alone
  bool operator==(const Decision&) const = default;
};

class ForwardingPolicy {
 public:
  explicit ForwardingPolicy(config::Forwarding forwarding);

  // What the peer asked for, before any name is resolved. The constraints of the login come first, then the
  // first rule that matches, then the default. A reserved name meets the rules only when one of them is
  // alknet-*; else every login may ask for it.
  Decision decide(const Identity& identity, const Constraints& constraints, config::Transport transport,
                  const config::Destination& to) const;

  // After decide() allowed a name: whether an address that it resolved to must not be connected to. Refused
  // is what a deny rule refuses when the address is asked for by itself; deny rules for every host ("*",
  // "*:25") are left out, since the name was judged by them already. A literal was judged itself and is never
  // refused here.
  bool refuses_address(const Identity& identity, config::Transport transport,
                       const config::Destination& asked, const config::IpAddress& address) const;

  // The target of the rule as written, "default", or the constraint.
  std::string explain(const Decision& decision) const;

  const config::Forwarding& source() const { return forwarding_; }

 private:
  bool allows(std::size_t rule) const { return forwarding_.rules[rule].action == config::Action::Allow; }

  config::Forwarding forwarding_;
  RuleIndex index_;
};

} // namespace alk::listend
