// What an engine counts for each listener, and the names under which Prometheus knows it. Each loop has
// counts of its own, which it alone writes.
#pragma once

#include "base/metric.hpp"
#include "base/tally.hpp"

#include <array>
#include <span>
#include <string_view>

namespace alk::listend {

// In the order of the table in counts.cpp.
enum class Count : std::uint8_t {
  ConnectionAccepted,
  ConnectionPerSource, // refused, as are the five below
  ConnectionTotal,
  ConnectionDescriptors,
  ConnectionPenalty,
  ConnectionProxyHeader,
  ConnectionHostKey,
  HandshakeFailed,
  LoginAccepted,
  LoginUnknownKey, // failed, as are all below
  LoginFrom,
  LoginExpired,
  LoginUnsupported,
  LoginNotALoginKey,
  LoginMethod,
  LoginWrongSignature,
  LoginUnparsableKey,
  LoginGssapi,
  LoginTimeout,
  LoginUnavailable,
  LoginOther,
  WebRequest,
  ChannelOpened,
  ChannelPolicy, // refused, as are all below
  ChannelConstraint,
  ChannelReserved,
  ChannelPort,
  ChannelName,
  ChannelConnect,
  ChannelProxyUnreachable,
  ChannelProxyTimeout,
  ChannelProxyProtocol,
  ChannelProxyLogin,
  ChannelProxyPassword,
  ChannelProxyRefused,
  ChannelType,
  ChannelRemoteForward,
  ChannelRequest,
  ChannelOther,
};
inline constexpr std::size_t count_kinds = static_cast<std::size_t>(Count::ChannelOther) + 1;

// A cache line of its own: two loops that write into one would slow each other down.
class alignas(64) Counts {
 public:
  Tally& at(Count what) { return tallies_[static_cast<std::size_t>(what)]; }
  void add(Count what, std::uint64_t by = 1) { at(what).add(by); }
  std::uint64_t value(Count what) const { return tallies_[static_cast<std::size_t>(what)].value(); }

 private:
  std::array<Tally, count_kinds> tallies_;
};

// By the words of the log; those that the table does not have count as other.
Count failed_login(std::string_view reason);
Count refused_channel(std::string_view reason);

// The sum over all loops, every series of the table with these labels and its own.
void read_counts(std::span<const Counts* const> loops, const Labels& labels, std::vector<Reading>& into);

} // namespace alk::listend
