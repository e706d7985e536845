#include "rule_index.hpp"

#include <algorithm>
#include <limits>

namespace alk::listend {

using config::Target;

static constexpr std::uint32_t no_rule = std::numeric_limits<std::uint32_t>::max();
static constexpr std::uint8_t all_transports = 0xff;
static constexpr std::uint16_t last_port = 65535;

static std::uint8_t transport_bit(config::Transport transport) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(transport));
}

static std::uint8_t transport_bits(const std::vector<config::Transport>& transports) {
  if (transports.empty()) return all_transports;
  std::uint8_t bits = 0;
  for (auto transport : transports) bits |= transport_bit(transport);
  return bits;
}

std::size_t RuleIndex::AddressHash::operator()(const config::IpAddress& address) const {
  return TextHash()({reinterpret_cast<const char*>(address.bytes.data()), address.size});
}

std::size_t RuleIndex::PartsHash::operator()(const Parts& parts) const {
  return TextHash()(parts.prefix) * 31 + TextHash()(parts.suffix);
}

RuleIndex::RuleIndex(const std::vector<config::Rule>& rules) {
  for (std::uint32_t number = 0; number < rules.size(); ++number) add(number, rules[number]);
}

void RuleIndex::add(std::uint32_t number, const config::Rule& rule) {
  auto& target = rule.target;
  Entry entry{number, target.first_port, target.last_port, transport_bits(rule.transports)};
  Entry whole_name{number, 0, last_port, entry.transports}; // the port of a reserved name means nothing
  switch (target.kind) {
  case Target::Kind::Any:
    add_to(rule.action == config::Action::Allow ? any_allow_ : any_deny_, entry, rule.principals);
    if (target.any_port()) add_to(reserved_, whole_name, rule.principals);
    return;
  case Target::Kind::Reserved:
    speaks_of_reserved_ = true;
    return add_to(reserved_, whole_name, rule.principals);
  case Target::Kind::Host:
    return add_to(target.wildcard ? pattern_bucket(target, number) : names_[target.prefix], entry,
                  rule.principals);
  case Target::Kind::Cidr: return add_to(network_bucket(target, number), entry, rule.principals);
  }
}

void RuleIndex::add_to(Bucket& bucket, Entry entry, const std::vector<std::string>& principals) {
  if (principals.empty() || std::find(principals.begin(), principals.end(), "*") != principals.end()) {
    bucket.everyone.push_back(entry);
    return;
  }
  for (auto& principal : principals) {
    auto number =
        principals_.try_emplace(principal, static_cast<std::uint32_t>(principals_.size())).first->second;
    bucket.by_principal[number].push_back(entry);
  }
}

RuleIndex::Bucket& RuleIndex::pattern_bucket(const Target& target, std::uint32_t number) {
  auto shape = std::find_if(patterns_.begin(), patterns_.end(), [&](const PatternShape& known) {
    return known.prefix == target.prefix.size() && known.suffix == target.suffix.size();
  });
  if (shape == patterns_.end())
    shape = patterns_.insert(shape, {target.prefix.size(), target.suffix.size(), number, {}});
  return shape->buckets[{target.prefix, target.suffix}];
}

RuleIndex::Bucket& RuleIndex::network_bucket(const Target& target, std::uint32_t number) {
  auto shape = std::find_if(networks_.begin(), networks_.end(), [&](const NetworkShape& known) {
    return known.size == target.network.size && known.bits == target.bits;
  });
  if (shape == networks_.end())
    shape = networks_.insert(shape, {target.network.size, target.bits, number, {}});
  return shape->buckets[target.network];
}

RuleIndex::Query RuleIndex::make_query(const Identity& identity, config::Transport transport,
                                       std::uint16_t port) const {
  Query query{{}, port, transport_bit(transport)};
  auto add_principal = [&](const std::string& text) {
    if (auto known = principals_.find(text); known != principals_.end())
      query.principals.push_back(known->second);
  };
  add_principal(identity.id);
  for (auto& scope : identity.scopes) add_principal(scope);
  return query;
}

std::uint32_t RuleIndex::Bucket::first(const Query& query, std::uint32_t best) const {
  auto scan = [&](const std::vector<Entry>& entries) {
    for (auto& entry : entries) {
      if (entry.rule >= best) return;
      if (query.port < entry.first_port || query.port > entry.last_port ||
          !(entry.transports & query.transport))
        continue;
      best = entry.rule;
      return;
    }
  };
  scan(everyone);
  if (by_principal.empty()) return best;
  for (auto principal : query.principals)
    if (auto own = by_principal.find(principal); own != by_principal.end()) scan(own->second);
  return best;
}

std::uint32_t RuleIndex::first_by_name(const Query& query, std::string_view host, std::uint32_t best) const {
  if (auto name = names_.find(host); name != names_.end()) best = name->second.first(query, best);
  for (auto& shape : patterns_) {
    if (shape.first_rule >= best) break;
    if (host.size() < shape.prefix + shape.suffix) continue;
    Parts parts{host.substr(0, shape.prefix), host.substr(host.size() - shape.suffix)};
    if (auto found = shape.buckets.find(parts); found != shape.buckets.end())
      best = found->second.first(query, best);
  }
  return best;
}

std::uint32_t RuleIndex::first_by_address(const Query& query, const config::IpAddress& address,
                                          std::uint32_t best) const {
  for (auto& shape : networks_) {
    if (shape.first_rule >= best) break;
    if (shape.size != address.size) continue;
    if (auto found = shape.buckets.find(config::masked(address, shape.bits)); found != shape.buckets.end())
      best = found->second.first(query, best);
  }
  return best;
}

std::optional<std::size_t> RuleIndex::find_first(const Identity& identity, config::Transport transport,
                                                 const config::Destination& to, View view) const {
  auto query = make_query(identity, transport, to.port);
  auto best = no_rule;
  if (to.reserved) {
    best = reserved_.first(query, best);
  } else {
    best = any_allow_.first(query, best);
    if (view == View::Request) best = any_deny_.first(query, best);
    best = first_by_name(query, to.host, best);
    if (to.address) best = first_by_address(query, *to.address, best);
  }
  return best == no_rule ? std::nullopt : std::optional<std::size_t>(best);
}

} // namespace alk::listend
