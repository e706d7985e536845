#include "ssh/open_request.hpp"

#include "ssh/handles.hpp"

#include <cstring>

#include <malloc.h>

namespace alk::ssh {

// The message is opaque, but three of its members have accessors and stand in a row behind the one that has
// none:
//   uint32 packet_size; char* originator; uint16 originator_port; char* destination;
// Two heap pointers in their places cannot match by chance, so a change of the layout is found, not misread.
std::optional<std::uint32_t> claimed_packet_size(ssh_message_struct* message) {
  const char* originator = ssh_message_channel_request_open_originator(message);
  const char* destination = ssh_message_channel_request_open_destination(message);
  auto port = static_cast<std::uint16_t>(ssh_message_channel_request_open_originator_port(message));
  if (originator == nullptr || destination == nullptr) return std::nullopt;

  const char* memory = reinterpret_cast<const char*>(message);
  std::size_t size = ::malloc_usable_size(message);
  constexpr std::size_t word = sizeof(void*);
  for (std::size_t at = word; at + 3 * word <= size; at += word) {
    const char *first = nullptr, *third = nullptr;
    std::uint16_t second = 0;
    std::memcpy(&first, memory + at, word);
    std::memcpy(&second, memory + at + word, sizeof second);
    std::memcpy(&third, memory + at + 2 * word, word);
    if (first != originator || second != port || third != destination) continue;
    std::uint32_t packet_size = 0;
    std::memcpy(&packet_size, memory + at - sizeof packet_size, sizeof packet_size);
    return packet_size;
  }
  return std::nullopt;
}

} // namespace alk::ssh
