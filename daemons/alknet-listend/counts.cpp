#include "counts.hpp"

namespace alk::listend {

namespace {

struct Series {
  Count what;
  const char* name;
  const char* reason; // nullptr: no such label
};

constexpr const char* refused = "alknet_connections_refused_total";
constexpr const char* failed = "alknet_logins_failed_total";
constexpr const char* channel_refused = "alknet_channels_refused_total";

constexpr Series table[] = {
    {Count::ConnectionAccepted, "alknet_connections_accepted_total", nullptr},
    {Count::ConnectionPerSource, refused, "per-source"},
    {Count::ConnectionTotal, refused, "total"},
    {Count::ConnectionDescriptors, refused, "descriptors"},
    {Count::ConnectionPenalty, refused, "penalty"},
    {Count::ConnectionProxyHeader, refused, "proxy-header"},
    {Count::ConnectionHostKey, refused, "host-key"},
    {Count::HandshakeFailed, "alknet_handshakes_failed_total", nullptr},
    {Count::LoginAccepted, "alknet_logins_accepted_total", nullptr},
    {Count::LoginUnknownKey, failed, "unknown-key"},
    {Count::LoginFrom, failed, "from"},
    {Count::LoginExpired, failed, "expired"},
    {Count::LoginUnsupported, failed, "unsupported"},
    {Count::LoginNotALoginKey, failed, "not-a-login-key"},
    {Count::LoginMethod, failed, "method"},
    {Count::LoginWrongSignature, failed, "wrong-signature"},
    {Count::LoginUnparsableKey, failed, "unparsable-key"},
    {Count::LoginGssapi, failed, "gssapi"},
    {Count::LoginTimeout, failed, "timeout"},
    {Count::LoginUnavailable, failed, "authd-unavailable"},
    {Count::LoginOther, failed, "other"},
    {Count::WebRequest, "alknet_web_requests_total", nullptr},
    {Count::ChannelOpened, "alknet_channels_opened_total", nullptr},
    {Count::ChannelPolicy, channel_refused, "policy"},
    {Count::ChannelConstraint, channel_refused, "constraint"},
    {Count::ChannelReserved, channel_refused, "reserved"},
    {Count::ChannelPort, channel_refused, "port"},
    {Count::ChannelName, channel_refused, "name"},
    {Count::ChannelConnect, channel_refused, "connect"},
    {Count::ChannelProxyUnreachable, channel_refused, "proxy-unreachable"},
    {Count::ChannelProxyTimeout, channel_refused, "proxy-timeout"},
    {Count::ChannelProxyProtocol, channel_refused, "proxy-protocol"},
    {Count::ChannelProxyLogin, channel_refused, "proxy-login"},
    {Count::ChannelProxyPassword, channel_refused, "proxy-password"},
    {Count::ChannelProxyRefused, channel_refused, "proxy-refused"},
    {Count::ChannelType, channel_refused, "channel-type"},
    {Count::ChannelRemoteForward, channel_refused, "remote-forward"},
    {Count::ChannelRequest, channel_refused, "channel-request"},
    {Count::ChannelOther, channel_refused, "other"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (static_cast<std::size_t>(table[i].what) != i) return false;
  return true;
}
static_assert(std::size(table) == count_kinds && in_order());

Count find(const char* name, std::string_view reason, Count other) {
  for (const Series& series : table)
    if (series.name == name && reason == series.reason) return series.what;
  return other;
}

} // namespace

Count failed_login(std::string_view reason) {
  return find(failed, reason, Count::LoginOther);
}

Count refused_channel(std::string_view reason) {
  return find(channel_refused, reason, Count::ChannelOther);
}

void read_counts(std::span<const Counts* const> loops, const Labels& labels, std::vector<Reading>& into) {
  for (const Series& series : table) {
    Reading reading{series.name, labels, 0};
    if (series.reason != nullptr) reading.labels.emplace("reason", series.reason);
    for (const Counts* counts : loops) reading.value += counts->value(series.what);
    into.push_back(std::move(reading));
  }
}

} // namespace alk::listend
