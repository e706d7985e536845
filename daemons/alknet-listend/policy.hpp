// Who may call which member of org.alknet.Listen1. What is not listed is denied.
#pragma once

#include "bus/caller.hpp"

namespace alk::listend {

inline constexpr bus::PolicyRule listen_policy[] = {
    {"ListSessions", bus::Who::Admin},       {"Disconnect", bus::Who::Admin}, {"Explain", bus::Who::Admin},
    {"GetPolicy", bus::Who::Admin},          {"GetLimits", bus::Who::Admin},  {"Reload", bus::Who::Admin},
    {bus::read_properties, bus::Who::Admin},
};

} // namespace alk::listend
