// Sources that misbehave before they have logged in, and for how long they are refused. After OpenSSH's
// srclimit.c: every offence adds its time to what its source still has, up to `max`; from `min` on the source
// is refused until all of it has passed, so that a penalty decays by itself. Sessions are never ended by it.
//
// Any thread. The clock is the caller's. Memory: most_sources entries for each family, some 200 bytes each.
#pragma once

#include "config/config.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace alk::listend {

// What a connection that ends without a login is blamed for.
enum class Offence { AuthFailure, NoAuth, GraceExceeded, ProtocolError };
std::string_view offence_word(Offence offence); // "auth-failure": the word of logs and of the bus
std::optional<Offence> parse_offence(std::string_view word);

class PenaltyTable {
 public:
  using Clock = std::chrono::steady_clock;

  // Of IPv4 and of IPv6, each: as OpenSSH. Fewer would let a botnet flush its own penalties out; what is
  // refused at that size is the business of a firewall.
  static constexpr std::size_t most_sources = 65'536;

  explicit PenaltyTable(std::size_t most = most_sources); // tests take a smaller one
  ~PenaltyTable();

  // Penalties whose source is exempt now, or is cut to another length now, go; all go when it is switched
  // off.
  void set_rules(const config::Penalties& rules);

  // The one question of every accepted connection: one lookup.
  bool refuses(const config::IpAddress& address, Clock::time_point now);

  // A source that is refused from now on.
  struct Started {
    config::Network source;
    std::chrono::seconds duration;
  };
  // Nothing unless this offence made the difference.
  std::optional<Started> penalise(const config::IpAddress& address, Offence offence, Clock::time_point now);

  struct Penalty {
    config::Network source;
    Offence offence; // the last one
    std::chrono::milliseconds left;
    bool refusing = false;     // false: less than `min` has come together
    std::uint64_t refused = 0; // connections so far
  };
  struct Report {
    std::vector<Penalty> penalties; // those that last longest, longest first
    std::size_t sources = 0;        // all of them
  };
  Report report(std::size_t most, Clock::time_point now);

  // Another process's table: of what both know, the worse of each counts, so that to hear it twice changes
  // nothing. Sources of another prefix length and those that are exempt here are left out.
  void merge(const std::vector<Penalty>& penalties, Clock::time_point now);

  // What went: nothing or the one source; everything.
  std::vector<config::Network> clear(const config::IpAddress& address);
  std::vector<config::Network> clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace alk::listend
