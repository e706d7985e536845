// What a channel-open message says and libssh 0.10 does not tell.
#pragma once

#include <cstdint>
#include <optional>

struct ssh_message_struct;

namespace alk::ssh {

// The maximum packet size that the peer claims for a direct-tcpip channel (RFC 4254 section 5.1); nullopt
// when it cannot be found, which the caller must take as a refusal.
//
// It matters: libssh subtracts 10 from it before it cuts data into packets. A claim of 10 makes
// ssh_channel_write loop without end, a little more makes it send one byte a packet.
std::optional<std::uint32_t> claimed_packet_size(ssh_message_struct* message);

// Smallest claim that we serve; RFC 4253 section 6.1 wants 32768 from everybody.
inline constexpr std::uint32_t smallest_packet_size = 1024;

} // namespace alk::ssh
