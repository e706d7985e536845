// The configuration in force as text: what a daemon needs to come back as it was, whatever the disk says
// meanwhile. Travels in a sealed memfd, which outlives the process (daemon/committed_store.hpp).
#pragma once

#include "base/fd.hpp"
#include "config/config.hpp"

#include <map>

namespace alk::config {

struct CommittedText {
  std::uint64_t generation = 0;
  Sources sources;                          // the files of the configuration, as they were read
  Sources running;                          // where the static keys stand that are in force since the start
  std::map<std::string, std::string> files; // others that it names, by that name; no private keys
};

// A sealed memfd. Broken when the system gives none.
Result<Fd> pack(const CommittedText& text);
// Invalid: not sealed, too large, cut, or of a release that writes it in another way.
Result<CommittedText> unpack_committed(const Fd& memory);

} // namespace alk::config
