// Says what an operator has to mend: a full disk, a damaged database. Once a minute at most for each
// database.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "log/complaints.hpp"

namespace alk::stored {

class Faults {
 public:
  // Any error of the storage; most are nobody's business but the caller's.
  void note(const Place& place, const Error& error, log::Complaints::Clock::time_point now);

 private:
  log::Complaints full_;
  log::Complaints damaged_;
};

} // namespace alk::stored
