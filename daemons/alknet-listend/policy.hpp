// Who may call which member of org.alknet.Listen1. What is not listed is denied. Members of alknet-admin look
// by themselves; for what changes something polkit has to agree (contracts/dbus/org.alknet.Listen1.policy).
#pragma once

#include "bus/caller.hpp"

namespace alk::listend {

inline constexpr bus::PolicyRule listen_policy[] = {
    {"ListSessions", bus::Who::Admin},
    {"Disconnect", bus::Who::Admin, "org.alknet.Listen1.disconnect"},
    {"Explain", bus::Who::Admin},
    {"GetPolicy", bus::Who::Admin},
    {"GetLimits", bus::Who::Admin},
    {"GetMetrics", bus::Who::Reader},
    {"Reload", bus::Who::Admin, "org.alknet.Listen1.reload"},
    {"ReloadWithKeys", bus::Who::Root}, // whose files they are
    {"ListPenalties", bus::Who::Admin},
    {"ClearPenalties", bus::Who::Admin, "org.alknet.Listen1.clear-penalties"},
    {bus::read_properties, bus::Who::Reader},
};

} // namespace alk::listend
