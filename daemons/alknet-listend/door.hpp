// What an accepted connection goes through: TLS, the first bytes, then SSH or the web side. One coroutine
// each, every wait with a deadline, so that a slow peer holds up nobody.
#pragma once

#include "worker.hpp"

namespace alk::listend {

Task<> serve_connection(Worker& worker, Arrival arrival);

} // namespace alk::listend
