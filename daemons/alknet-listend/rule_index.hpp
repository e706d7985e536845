// The rules of a policy, arranged so that the first match is found without looking at every rule. What it
// finds equals a walk from the first rule to the last with Target::matches; a test holds that. With n rules a
// look-up costs some log n steps for each set around the destination, nested networks and patterns being few.
#pragma once

#include "base/identity.hpp"
#include "forest.hpp"
#include "port_table.hpp"

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
  struct Query {
    std::vector<std::uint32_t> principals; // those that rules name
    std::uint16_t port;
    config::Transport transport;
  };

  // The rules of one target.
  struct Bucket {
    PortTable everyone;
    std::unordered_map<std::uint32_t, PortTable> by_principal;
    void compile();
    std::uint32_t first(const Query& query) const;
  };

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  // All texts that begin with `text`.
  struct Prefix {
    std::string text;
    auto operator<=>(const Prefix&) const = default;
    bool begins_after(std::string_view point) const { return text > point; }
    bool holds(std::string_view point) const { return point.starts_with(text); }
    bool holds(const Prefix& other) const { return other.text.starts_with(text); }
  };

  struct Network {
    config::IpAddress start;
    std::uint8_t bits;
    auto operator<=>(const Network&) const = default;
    bool begins_after(const config::IpAddress& point) const { return start > point; }
    bool holds(const config::IpAddress& point) const { return masked(point, bits) == start; }
    bool holds(const Network& other) const { return other.bits >= bits && holds(other.start); }
  };

  using Networks = Forest<Network, Bucket>; // of one family
  using Suffixes = Forest<Prefix, Bucket>;  // of reversed text
  using Patterns = Forest<Prefix, Suffixes>;

  void add(std::uint32_t number, const config::Rule& rule);
  void add_to(Bucket& bucket, const PortRule& rule, const std::vector<std::string>& principals);
  void compile();
  Query make_query(const Identity& identity, config::Transport transport, std::uint16_t port) const;
  std::uint32_t first_by_name(const Query& query, std::string_view host) const;
  std::uint32_t first_by_address(const Query& query, const config::IpAddress& address) const;

  TextMap<std::uint32_t> principals_;
  Bucket any_allow_;
  Bucket any_deny_;
  Bucket reserved_; // alknet-* and * without ports
  TextMap<Bucket> names_;
  Patterns patterns_;
  Networks networks4_;
  Networks networks6_;
  bool speaks_of_reserved_ = false;
};

} // namespace alk::listend
