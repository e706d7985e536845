// Our tables in the form that sd-bus wants, for this room alone.
#pragma once

#include "bus/object.hpp"

#include <deque>

#include <systemd/sd-bus.h>

namespace alk::bus {

struct Vtable {
  std::deque<std::string> texts; // signatures and names that `entries` point to
  std::vector<::sd_bus_vtable> entries;
};

// Every entry is open to all callers as far as sd-bus is concerned: the policy of the interface decides.
Vtable make_vtable(const Interface& interface, ::sd_bus_message_handler_t method,
                   ::sd_bus_property_get_t get);

} // namespace alk::bus
