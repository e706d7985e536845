#include "rule_index.hpp"

#include <algorithm>

namespace alk::listend {

using config::Target;

static PortRule port_rule(std::uint32_t number, const config::Rule& rule) {
  PortRule made{number, rule.target.first_port, rule.target.last_port, {}};
  if (rule.transports.empty()) made.transports.fill(true);
  for (auto transport : rule.transports) made.transports[static_cast<std::size_t>(transport)] = true;
  return made;
}

static std::string reversed(std::string_view text) {
  return {text.rbegin(), text.rend()};
}

RuleIndex::RuleIndex(const std::vector<config::Rule>& rules) {
  for (std::uint32_t number = 0; number < rules.size(); ++number) add(number, rules[number]);
  compile();
}

void RuleIndex::add(std::uint32_t number, const config::Rule& rule) {
  auto& target = rule.target;
  auto ports = port_rule(number, rule);
  auto whole_name = ports; // the port of a reserved name means nothing
  whole_name.first_port = 0, whole_name.last_port = 65535;
  switch (target.kind) {
  case Target::Kind::Any:
    add_to(rule.action == config::Action::Allow ? any_allow_ : any_deny_, ports, rule.principals);
    if (target.any_port()) add_to(reserved_, whole_name, rule.principals);
    return;
  case Target::Kind::Reserved:
    speaks_of_reserved_ = true;
    return add_to(reserved_, whole_name, rule.principals);
  case Target::Kind::Host:
    if (!target.wildcard) return add_to(names_[target.prefix], ports, rule.principals);
    return add_to(patterns_[{target.prefix}][{reversed(target.suffix)}], ports, rule.principals);
  case Target::Kind::Cidr:
    auto& networks = target.network.size == 4 ? networks4_ : networks6_;
    return add_to(networks[{target.network, target.bits}], ports, rule.principals);
  }
}

void RuleIndex::add_to(Bucket& bucket, const PortRule& rule, const std::vector<std::string>& principals) {
  if (principals.empty() || std::find(principals.begin(), principals.end(), "*") != principals.end())
    return bucket.everyone.add(rule);
  for (auto& principal : principals) {
    auto fresh = static_cast<std::uint32_t>(principals_.size());
    bucket.by_principal[principals_.try_emplace(principal, fresh).first->second].add(rule);
  }
}

void RuleIndex::Bucket::compile() {
  everyone.compile();
  for (auto& [principal, table] : by_principal) table.compile();
}

void RuleIndex::compile() {
  auto compile_bucket = [](Bucket& bucket) { bucket.compile(); };
  for (auto* bucket : {&any_allow_, &any_deny_, &reserved_}) bucket->compile();
  for (auto& [name, bucket] : names_) bucket.compile();
  patterns_.compile([&](Suffixes& suffixes) { suffixes.compile(compile_bucket); });
  networks4_.compile(compile_bucket);
  networks6_.compile(compile_bucket);
}

RuleIndex::Query RuleIndex::make_query(const Identity& identity, config::Transport transport,
                                       std::uint16_t port) const {
  Query query{{}, port, transport};
  auto add_principal = [&](const std::string& text) {
    if (auto known = principals_.find(text); known != principals_.end())
      query.principals.push_back(known->second);
  };
  add_principal(identity.id);
  for (auto& scope : identity.scopes) add_principal(scope);
  return query;
}

std::uint32_t RuleIndex::Bucket::first(const Query& query) const {
  auto best = everyone.first(query.port, query.transport);
  if (by_principal.empty()) return best;
  for (auto principal : query.principals)
    if (auto own = by_principal.find(principal); own != by_principal.end())
      best = std::min(best, own->second.first(query.port, query.transport));
  return best;
}

std::uint32_t RuleIndex::first_by_name(const Query& query, std::string_view host) const {
  auto best = no_rule;
  if (auto name = names_.find(host); name != names_.end()) best = name->second.first(query);
  if (patterns_.empty()) return best;
  auto backwards = reversed(host);
  auto take = [&](const Bucket& bucket) { best = std::min(best, bucket.first(query)); };
  patterns_.visit(host, [&](const Suffixes& suffixes, const Prefix& prefix) {
    // What the prefix covers is not there for the suffix any more.
    suffixes.visit(std::string_view(backwards).substr(0, host.size() - prefix.text.size()),
                   [&](const Bucket& bucket, const Prefix&) { take(bucket); });
  });
  return best;
}

std::uint32_t RuleIndex::first_by_address(const Query& query, const config::IpAddress& address) const {
  auto best = no_rule;
  auto& networks = address.size == 4 ? networks4_ : networks6_;
  networks.visit(address,
                 [&](const Bucket& bucket, const Network&) { best = std::min(best, bucket.first(query)); });
  return best;
}

std::optional<std::size_t> RuleIndex::find_first(const Identity& identity, config::Transport transport,
                                                 const config::Destination& to, View view) const {
  auto query = make_query(identity, transport, to.port);
  auto best = no_rule;
  if (to.reserved) {
    best = reserved_.first(query);
  } else {
    best = std::min(any_allow_.first(query), first_by_name(query, to.host));
    if (view == View::Request) best = std::min(best, any_deny_.first(query));
    if (to.address) best = std::min(best, first_by_address(query, *to.address));
  }
  return best == no_rule ? std::nullopt : std::optional<std::size_t>(best);
}

} // namespace alk::listend
