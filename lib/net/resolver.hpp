// Names to addresses with getaddrinfo(3), which blocks, in a few threads of its own. One resolver serves
// every loop of a process; an answer is delivered on the loop of the task that asked.
//
// The host is never part of an error text: it is a destination.
#pragma once

#include "base/result.hpp"
#include "loop/task.hpp"
#include "net/address.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace alk::net {

// A name that a peer may ask for: the longest that DNS (RFC 1035) and SOCKS5 can carry.
inline constexpr std::size_t host_limit = 255;
// Questions waiting for a thread; more answer Busy at once, so a dead name server cannot grow memory.
inline constexpr std::size_t resolver_queue_limit = 256;
// Addresses kept of one answer: each may cost a whole connect timeout.
inline constexpr std::size_t resolved_addresses_limit = 16;

// What is known without asking anybody: a literal, an old notation of one that getaddrinfo reads ("127.1",
// "0x7f000001", an address with a zone), localhost and names below it (RFC 6761 section 6.3). Empty: a name.
std::vector<Address> resolve_here(const std::string& host, std::uint16_t port);

class Resolver {
 public:
  using LookUp = Result<std::vector<Address>> (*)(const std::string& host, std::uint16_t port);

  explicit Resolver(unsigned threads = 4);
  Resolver(unsigned threads, LookUp look_up); // tests bring their own look-up
  // Never waits for a name server: a thread inside getaddrinfo ends by itself later, and its answer is
  // dropped; the idle ones have ended. Must happen before the loops of pending questions are destroyed.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Addresses in getaddrinfo's order (RFC 6724), without duplicates, at least one. Literals need no
  // thread, nor do localhost and names below it: ::1 and 127.0.0.1 (RFC 6761 section 6.3).
  // Note that getaddrinfo also reads old forms such as "127.1": judge the addresses, not the text. Errors:
  // NotFound (no such name), Gone (no answer in time, or a temporary failure), Busy (queue full), Invalid
  // (the host is empty, too long or holds a NUL), Broken.
  Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port,
                                             std::chrono::milliseconds deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace alk::net
