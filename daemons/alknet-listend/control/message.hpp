// One message between the supervisor and an engine: kind, number, body. The promise is
// contracts/engine-control.md. No descriptors and no sockets here: channel.hpp carries them.
//
// Rule of growth: a kind is never given another meaning and fields are only added at the end of a body. A
// reader skips what stands behind the fields that it knows, and answers a question of a kind that it does not
// know with Unsupported.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::listend {

// Of the contract as a whole; told in Hello, decided upon by nobody yet.
inline constexpr std::uint32_t control_version = 1;
inline constexpr std::uint8_t control_format = 1; // the first byte of every message
// A body that is larger travels in a sealed memfd: below what a socket buffer takes at once.
inline constexpr std::size_t inline_body_limit = 32 * 1024;
// The largest are the configuration (4 MiB at most) with its keys, and the list of sessions (65,536 of some
// hundred bytes).
inline constexpr std::size_t body_limit = 32 << 20;

enum class ControlKind : std::uint8_t {
  // Supervisor to engine.
  Hello = 1,
  Start = 2,
  Prepare = 3,
  Commit = 4,
  Abort = 5,
  Drain = 6,
  Stop = 7,
  List = 8,
  Disconnect = 9,
  Recheck = 10,
  Explain = 11,
  Elsewhere = 12,
  ListPenalties = 13,
  ClearPenalties = 14,
  Penalise = 15,
  Blame = 16,
  Measure = 20,
  // Engine to supervisor.
  Answer = 64,
  Beat = 65,
  Opened = 66,
  Closed = 67,
  Sources = 68,
  Offended = 69,
  Measured = 72,
  Keys = 73,
};

struct ControlMessage {
  std::uint8_t kind = 0;    // a ControlKind, or one that a later release knows
  std::uint64_t number = 0; // of the question, repeated in its Answer; 0 = wants none
  std::string body;
  bool operator==(const ControlMessage&) const = default;

  bool is(ControlKind wanted) const { return kind == static_cast<std::uint8_t>(wanted); }
};

ControlMessage make_control(ControlKind kind, std::string body = {}, std::uint64_t number = 0);

// What stands on the wire. `in_memory`: the body travels in the first descriptor and is left out here.
struct ControlFrame {
  ControlMessage message;
  bool in_memory = false;
};
std::string encode_frame(const ControlMessage& message, bool in_memory);
Result<ControlFrame> decode_frame(std::string_view bytes); // Invalid: cut, or another format

} // namespace alk::listend
