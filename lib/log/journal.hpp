// The native journal protocol, through libsystemd.
#pragma once

#include "log/log.hpp"

namespace alk::log {

// True when stderr is the journal stream that systemd made for this unit (JOURNAL_STREAM names its device and
// inode).
bool stderr_is_journal();

void journal_send(int priority, std::string_view identifier, std::string_view message, const Event* event,
                  const Fields& shown, const Fields& hidden);

} // namespace alk::log
