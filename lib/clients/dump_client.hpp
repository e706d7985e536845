// Dump and Restore of org.alknet.Store1 (contracts/org.alknet.Store1.xml): each call begins the work, the
// rest goes through pipes.
#pragma once

#include "base/fd.hpp"
#include "bus/blocking.hpp"

namespace alk::clients {

// What the work says, and between it the lines of the dump.
Result<Fd> begin_dump(bus::BlockingConnection& connection);

struct Restoring {
  Fd dump;   // to be written and closed; nobody reads it any more once the work has failed
  Fd report; // what the work says
};
Result<Restoring> begin_restore(bus::BlockingConnection& connection);

} // namespace alk::clients
