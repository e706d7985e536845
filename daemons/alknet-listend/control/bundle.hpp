// What an engine works from, in one piece: the files of the configuration as they were read, and the private
// keys and certificates that they name. Travels in a sealed memfd, never inside a message: no socket buffer
// holds a key.
#pragma once

#include "base/fd.hpp"
#include "config/config.hpp"
#include "config/key_source.hpp"

namespace alk::listend {

struct Bundle {
  config::Sources sources;
  config::HeldKeys keys; // by the name in the configuration
  // Where the static keys stand that are in force since the start; empty: in `sources`.
  config::Sources running;
};

// Reads every key that a process with these listeners needs. Errors as of KeySource::read.
Result<config::HeldKeys> collect_keys(const config::Static& fixed, const config::KeySource& keys);

// A sealed memfd. Broken when the system gives none.
Result<Fd> pack(const Bundle& bundle);
// Invalid: not sealed, too large or cut.
Result<Bundle> unpack(const Fd& memory);

} // namespace alk::listend
