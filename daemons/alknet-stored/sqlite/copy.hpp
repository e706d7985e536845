// Whole databases read beside whoever uses them: copied, and looked through for damage.
#pragma once

#include "alknet-stored/sql/progress.hpp"
#include "alknet-stored/sqlite/connection.hpp"

namespace alk::stored {

// One step of a copy, 1 MiB: so often it tells how far it is and can be ended.
inline constexpr int pages_per_step = 256;

// What is committed at the beginning, into the empty file `path`. The source is read in one transaction: no
// write makes the copy begin anew, and none waits for it; meanwhile the source's log grows. What a power cut
// leaves of the copy is worth nothing.
Result<void> copy_database(const SqliteOpening& source, const std::string& path, Progress& progress);

// PRAGMA integrity_check and foreign_key_check, as engine.hpp says.
Result<std::vector<std::string>> inspect_database(const SqliteOpening& opening, Progress& progress);

} // namespace alk::stored
