// libssh reads and writes a descriptor. We give it a number that no kernel hands out, and the recv, send and
// poll that the executable defines (interpose.cpp) serve that number from memory: no socketpair, no copy
// through the kernel, and input that was already read (TLS, sniffed bytes) is simply there.
//
// The buffers belong to the thread, not to the session: a session's input is consumed whole inside one pump,
// and its output leaves in the flush at the end, so an idle session holds neither.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace alk::ssh {

inline constexpr int memory_descriptor = (1 << 20) + 1; // above any RLIMIT_NOFILE that we run under

// Input read from a stream at once; large enough that a busy stream costs few system calls.
inline constexpr std::size_t input_chunk = 256 * 1024;

// Most output that libssh may produce within one pump. Nothing of ours comes near; a peer that floods us with
// requests and a channel that claims a tiny packet size would.
inline constexpr std::size_t output_ceiling = 8 * 1024 * 1024;

// What the current thread's libssh calls read and write while a Window is open.
struct MemoryTransport {
  int alias = -1;                   // a real descriptor that means memory_descriptor here; see ClientSession
  std::span<const std::byte> input; // not yet taken by libssh
  bool input_ended = false;         // recv answers 0 once the input is used up
  bool overflowed = false;          // output_ceiling was reached; send fails from then on
  std::string output;
};

// Every call into libssh happens inside a Window. Nested windows (a libssh callback that enters again) are an
// error.
class Window {
 public:
  explicit Window(int alias = -1);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  MemoryTransport& transport();
};

// Whether `fd` stands for memory in this thread, now.
bool is_memory(int fd);

// The thread's transport while a Window is open, else nullptr. For interpose.cpp.
MemoryTransport* current_transport();

// This thread's input scratch space, input_chunk bytes.
std::span<std::byte> input_scratch();

// Proves that libssh in this process reaches our recv, send, poll and gss_indicate_mechs; Broken with the
// missing one. A program that links this room without interpose.cpp fails here, at start, and not at the
// first login.
Result<void> check_interposition();

// Set by interpose.cpp's functions so that the check can see them at work.
struct InterpositionMarks {
  bool recv = false, send = false, poll = false, gss = false;
};
InterpositionMarks& interposition_marks();

} // namespace alk::ssh
