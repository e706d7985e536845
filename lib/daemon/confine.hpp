// What a process can give up by itself before it reads anything, wherever it was started. The units confine
// further.
#pragma once

#include "base/result.hpp"

namespace alk::daemon {

// umask 077, no core files, not traceable by its own user, no new privileges by exec.
Result<void> confine_process();

} // namespace alk::daemon
