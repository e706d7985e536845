// The rules of a policy, arranged so that the first match is found without looking at every rule. What it
// finds equals a walk from the first rule to the last with Target::matches; a test holds that.
//
// Names are looked up whole, and once for each pair of lengths that a prefix*suffix pattern has; literals
// once for each prefix length of a network. What is found there is a bucket: its rules in order, apart by
// principal.
#pragma once

#include "base/identity.hpp"
#include "config/config.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alk::listend {

class RuleIndex {
 public:
  enum class View {
    Request, // all rules
    Address, // without deny rules for every host: see ForwardingPolicy::refuses_address
  };

  explicit RuleIndex(const std::vector<config::Rule>& rules);

  // Index of the first rule that matches.
  std::optional<std::size_t> find_first(const Identity& identity, config::Transport transport,
                                        const config::Destination& to, View view = View::Request) const;
  bool speaks_of_reserved() const { return speaks_of_reserved_; }

 private:
  struct Entry {
    std::uint32_t rule;
    std::uint16_t first_port;
    std::uint16_t last_port;
    std::uint8_t transports; // one bit each
  };

  struct Query {
    std::vector<std::uint32_t> principals; // those that rules name
    std::uint16_t port;
    std::uint8_t transport;
  };

  struct Bucket {
    std::vector<Entry> everyone;
    std::unordered_map<std::uint32_t, std::vector<Entry>> by_principal;
    std::uint32_t first(const Query& query, std::uint32_t best) const; // a rule before `best`, else `best`
  };

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  struct AddressHash {
    std::size_t operator()(const config::IpAddress& address) const;
  };

  // The two parts of a pattern, or of a host that is cut the same way.
  struct Parts {
    std::string_view prefix;
    std::string_view suffix;
  };
  struct Pattern {
    std::string prefix;
    std::string suffix;
    operator Parts() const { return {prefix, suffix}; }
  };
  struct PartsHash {
    using is_transparent = void;
    std::size_t operator()(const Parts& parts) const;
  };
  struct PartsEqual {
    using is_transparent = void;
    bool operator()(const Parts& a, const Parts& b) const {
      return a.prefix == b.prefix && a.suffix == b.suffix;
    }
  };

  // Both vectors stand in the order of their first rule.
  struct PatternShape {
    std::size_t prefix;
    std::size_t suffix;
    std::uint32_t first_rule;
    std::unordered_map<Pattern, Bucket, PartsHash, PartsEqual> buckets;
  };
  struct NetworkShape {
    std::uint8_t size;
    std::uint8_t bits;
    std::uint32_t first_rule;
    std::unordered_map<config::IpAddress, Bucket, AddressHash> buckets;
  };

  void add(std::uint32_t number, const config::Rule& rule);
  void add_to(Bucket& bucket, Entry entry, const std::vector<std::string>& principals);
  Bucket& pattern_bucket(const config::Target& target, std::uint32_t number);
  Bucket& network_bucket(const config::Target& target, std::uint32_t number);
  Query make_query(const Identity& identity, config::Transport transport, std::uint16_t port) const;
  std::uint32_t first_by_name(const Query& query, std::string_view host, std::uint32_t best) const;
  std::uint32_t first_by_address(const Query& query, const config::IpAddress& address,
                                 std::uint32_t best) const;

  TextMap<std::uint32_t> principals_;
  Bucket any_allow_;
  Bucket any_deny_;
  Bucket reserved_; // alknet-* and * without ports
  TextMap<Bucket> names_;
  std::vector<PatternShape> patterns_;
  std::vector<NetworkShape> networks_;
  bool speaks_of_reserved_ = false;
};

} // namespace alk::listend
