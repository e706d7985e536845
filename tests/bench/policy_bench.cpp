// What one forwarding decision costs, from the words that the peer sent to the verdict, without resolution:
// for rule sets of several shapes and sizes, where the last rule matches (the worst position) and where none
// does. Prints JSON.
#include "forwarding_policy.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

using namespace alk;
using namespace alk::listend;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto batch_time = std::chrono::milliseconds(10);
constexpr int batches = 7; // the median of them is printed

struct Shape {
  const char* name;
  std::function<std::string(unsigned)> target; // of rule number N
  std::function<std::string(unsigned)> host;   // that rule N alone matches
  std::function<unsigned(unsigned)> port;
  const char* nothing = "no-such-host.with-a-longer-name.example.org"; // that no rule matches
};

std::string four(unsigned n) {
  return std::to_string(10 + n / 65536) + "." + std::to_string(n / 256 % 256) + "." +
         std::to_string(n % 256) + ".0";
}

std::string number(unsigned n) {
  return std::to_string(n);
}

// Pairs of lengths that differ: many look-ups for one name.
std::string odd_pattern(unsigned n, const char* middle) {
  return "p" + number(n) + std::string(n % 20, 'x') + middle + std::string(n / 20 % 10, 'y') + ".example.com";
}

std::vector<Shape> shapes() {
  auto https = [](unsigned) { return 443U; };
  return {
      {"names", [](unsigned n) { return "h" + number(n) + ".example.com:443"; },
       [](unsigned n) { return "H" + number(n) + ".example.com."; }, https},
      {"suffixes", [](unsigned n) { return "*.d" + number(n) + ".example.com"; },
       [](unsigned n) { return "www.d" + number(n) + ".example.com"; }, https},
      {"patterns", [](unsigned n) { return odd_pattern(n, "*"); },
       [](unsigned n) { return odd_pattern(n, "-"); }, https},
      {"addresses", [](unsigned n) { return four(n) + ":443"; }, [](unsigned n) { return four(n); }, https,
       "203.0.113.9"},
      {"ranges", [](unsigned n) { return "*:" + number(n + 1) + "-" + number(n + 20000); },
       [](unsigned) { return std::string("192.0.2.1"); }, [](unsigned n) { return n + 20000; }},
      {"networks", [](unsigned n) { return four(n) + "/" + number(24 + n % 9); },
       [](unsigned n) { return four(n); }, https, "203.0.113.9"},
      {"networks6", [](unsigned n) { return "2001:db8:" + number(n % 10000) + "::/" + number(48 + n % 81); },
       [](unsigned n) { return "2001:DB8:" + number(n % 10000) + "::"; }, https, "2001:db9::1"},
      {"ports", [](unsigned n) { return "*:" + number(n + 1); },
       [](unsigned) { return std::string("www.example.com"); }, [](unsigned n) { return n + 1; }},
  };
}

ForwardingPolicy make_policy(const Shape& shape, unsigned rules, bool principals) {
  config::Forwarding forwarding;
  for (unsigned n = 0; n < rules; ++n) {
    auto text = shape.target(n);
    config::Rule rule{text, config::parse_target(text).value(), config::Action::Deny, {}, {}};
    if (principals) rule.principals = {"SHA256:" + number(n % 100), "relay:connect"};
    forwarding.rules.push_back(std::move(rule));
  }
  return ForwardingPolicy(std::move(forwarding));
}

struct Question {
  std::string host;
  std::uint16_t port;
  int expected;
};

double measure(const ForwardingPolicy& policy, const Question& question) {
  const Identity identity{"SHA256:me", {"relay:connect", "staff", "ops"}, {}};
  const Constraints none;
  std::vector<double> costs;
  while (costs.size() < batches) {
    unsigned count = 0;
    auto begin = Clock::now(), end = begin;
    for (; end - begin < batch_time; end = Clock::now())
      for (int i = 0; i < 50; ++i, ++count) {
        auto to = config::make_destination(question.host, question.port);
        if (policy.decide(identity, none, config::Transport::Tls, to).rule != question.expected) std::abort();
      }
    costs.push_back(std::chrono::duration<double, std::nano>(end - begin).count() / count);
  }
  std::nth_element(costs.begin(), costs.begin() + batches / 2, costs.end());
  return costs[batches / 2];
}

void print(const char*& comma, const Shape& shape, unsigned rules, bool principals, const char* match,
           double cost) {
  std::printf("%s\n    {\"shape\": \"%s%s\", \"rules\": %u, \"match\": \"%s\", \"ns_per_decision\": %.0f, "
              "\"decisions_per_second\": %.0f}",
              comma, shape.name, principals ? "+principals" : "", rules, match, cost, 1e9 / cost);
  comma = ",";
}

} // namespace

int main() {
  const char* comma = "";
  std::printf("{\n  \"bench\": \"policy\",\n  \"results\": [");
  for (auto& shape : shapes())
    for (unsigned rules : {10U, 1000U, 10000U})
      for (bool principals : {false, true}) {
        auto policy = make_policy(shape, rules, principals);
        Question last{shape.host(rules - 1), static_cast<std::uint16_t>(shape.port(rules - 1)),
                      static_cast<int>(rules) - 1};
        Question nothing{shape.nothing, 65535, Decision::by_default};
        print(comma, shape, rules, principals, "last", measure(policy, last));
        print(comma, shape, rules, principals, "none", measure(policy, nothing));
      }
  std::printf("\n  ]\n}\n");
}
