// Random rules and destinations out of few names, addresses and ports, so that they meet often.
#pragma once

#include "base/identity.hpp"
#include "config/config.hpp"

#include <random>
#include <string>

namespace alk::test {

class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {}

  config::Rule rule() {
    config::Rule rule;
    rule.text = target();
    rule.target = config::parse_target(rule.text).value();
    rule.action = one_in(2) ? config::Action::Allow : config::Action::Deny;
    if (one_in(3)) rule.principals = {principal()};
    if (one_in(8)) rule.principals.push_back(principal());
    if (one_in(20)) rule.principals.push_back("*");
    if (one_in(4)) rule.transports = {transport()};
    return rule;
  }

  config::Destination destination() {
    auto asked = one_in(2) ? name() : address();
    if (one_in(12)) asked = one_in(2) ? "alknet-control" : "ALKNET-control";
    return config::make_destination(asked, port());
  }

  Identity identity() {
    Identity identity{principal(), {}, {}};
    while (one_in(2)) identity.scopes.push_back(principal());
    return identity;
  }

  config::Transport transport() { return one_in(2) ? config::Transport::Tcp : config::Transport::Tls; }
  std::string address() {
    if (one_in(3)) return "2001:db8::" + pick({"1", "2", "1:1", "ffff"});
    return pick({"10", "11"}) + "." + pick({"0", "1", "128"}) + ".0." + pick({"0", "1", "7"});
  }
  bool one_in(unsigned n) { return number(n) == 0; }

 private:
  unsigned number(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }
  std::string pick(std::initializer_list<const char*> texts) { return texts.begin()[number(texts.size())]; }
  std::string name() { return pick({"a", "b", "ab", "aba"}) + "." + pick({"a", "ab.b", "b.a"}); }
  std::string principal() { return pick({"p0", "p1", "p2", "p3"}); }
  std::uint16_t port() { return static_cast<std::uint16_t>(20 + number(6)); }

  std::string glob() {
    auto text = name();
    auto cut = number(static_cast<unsigned>(text.size()));
    return text.substr(0, cut) + "*" + text.substr(std::min<std::size_t>(text.size(), cut + number(3)));
  }

  std::string network() {
    auto base = config::parse_ip(address()).value();
    auto bits = number(base.size * 8U + 1);
    auto text = config::masked(base, bits).text() + "/" + std::to_string(bits);
    return base.size == 4 ? text : "[" + text + "]";
  }

  std::string host() {
    switch (number(8)) {
    case 0: return "*";
    case 1:
    case 2: return name();
    case 3: return glob();
    case 4: return pick({"10.*", "*.1", "2001*", "10.1*0.7"});
    case 5: return "10.0.0.1";
    default: return network();
    }
  }

  std::string target() {
    if (one_in(25)) return "alknet-*";
    switch (number(4)) {
    case 0: return host() + ":" + std::to_string(port());
    case 1: return host() + ":" + std::to_string(port()) + "-" + std::to_string(port() + 6);
    default: return host();
    }
  }

  std::mt19937 random_;
};

} // namespace alk::test
