#include "alknet-stored/faults.hpp"

#include "alknet-stored/sql/fault.hpp"
#include "log/log.hpp"

namespace alk::stored {

void Faults::note(const Place& place, const Error& error, log::Complaints::Clock::time_point now) {
  const std::string database = place.is_system() ? "system" : place.id();
  if (is_full(error)) {
    if (const auto left_out = full_.raise(database, now))
      log::write(log::Level::Warning, log::event::storage_full, {{"database", database}},
                 {{"left_out", *left_out}});
  } else if (is_damaged(error)) {
    if (const auto left_out = damaged_.raise(database, now))
      log::write(log::Level::Error, log::event::storage_damaged, {{"database", database}},
                 {{"reason", error.describe()}, {"left_out", *left_out}});
  }
}

} // namespace alk::stored
