// Who may call what on org.alknet.Auth1; what is not listed is denied.
#pragma once

#include "bus/caller.hpp"

namespace alk::authd {

// alknet-listend asks at every login and drives the joint reload; root administers. Administrators may ask
// what a credential would get: whose it is and what it may they see at alknet-stored. Nobody else has
// business here. (Under `alknet serve` everything runs as one user, which is the service's own.)
inline constexpr bus::PolicyRule auth_policy[] = {
    {"VerifyPublicKey", bus::Who::Listend},
    {"VerifyToken", bus::Who::Listend},
    {"Lookup", bus::Who::Listend},
    {"FindRevoked", bus::Who::Listend},
    {"Prepare", bus::Who::Listend},
    {"Commit", bus::Who::Listend},
    {"Abort", bus::Who::Listend},
    {"Reload", bus::Who::Root},
    {"LookupCredential", bus::Who::Listend},
    {"LookupCredential", bus::Who::Admin},
    {"GetMetrics", bus::Who::Reader},
    {bus::read_properties, bus::Who::Reader}, // for the status
};

} // namespace alk::authd
