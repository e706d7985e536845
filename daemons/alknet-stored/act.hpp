// What a change is made with. Nouns have neither a clock nor chance of their own: both come in here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace alk::stored {

using UnixSeconds = std::int64_t;

struct Act {
  UnixSeconds now = 0;
  std::string actor;   // who asked: "uid:0" from the bus, an account's id from a call
  std::string request; // what links event and log to the call that caused them
  // That many bytes that nobody can guess. Callable from the thread that runs the transaction.
  std::function<std::string(std::size_t)> random;
};

// A new UUID (RFC 4122, version 4), lower case.
std::string make_uuid(const Act& act);

} // namespace alk::stored
