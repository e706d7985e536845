// alknetctl store dump and restore: everything as lines of JSON, for any engine.
#pragma once

#include "store_verbs.hpp"

namespace alk::alknetctl {

// To standard output, whatever the format: errors and progress go to standard error.
int store_dump(StoreClient& store, const Output& output);
// "-" is standard input.
int store_restore(StoreClient& store, const std::string& file, const Output& output);

} // namespace alk::alknetctl
