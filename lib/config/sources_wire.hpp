// The files of a configuration as bytes: a count, then path, name and text of each (RFC 4251 "string"). Other
// releases read them, in the control channel's bundle and in what is kept over a crash: it does not change.
#pragma once

#include "base/bytes.hpp"
#include "config/config.hpp"

#include <optional>

namespace alk::config {

void write_sources(ByteWriter& out, const Sources& sources);
// Nothing: cut short, or more than a configuration can be.
std::optional<Sources> read_sources(ByteReader& in);

} // namespace alk::config
