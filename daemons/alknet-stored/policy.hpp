// Who may call which member of org.alknet.Store1. What is not listed is denied. Members of alknet-admin look
// by themselves; for what changes something polkit has to agree (contracts/dbus/org.alknet.Store1.policy).
#pragma once

#include "bus/caller.hpp"

namespace alk::stored {

inline constexpr bus::PolicyRule store_policy[] = {
    {"CreateAccount", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetAccount", bus::Who::Admin},
    {"ListAccounts", bus::Who::Admin},
    {"UpdateAccount", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"DeleteAccount", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"CreateOrganization", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListOrganizations", bus::Who::Admin},
    {"TransferOrganization", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"DeleteOrganization", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"EraseOrganization", bus::Who::Root}, // for good
    {"SetMember", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"RemoveMember", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListMembers", bus::Who::Admin},
    {"AddKey", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ImportKeys", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListKeys", bus::Who::Admin},
    {"RevokeKey", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"EnableKey", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"CreateApiKey", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListApiKeys", bus::Who::Admin},
    {"RevokeApiKey", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListAudit", bus::Who::Admin},
    {"VerifyAudit", bus::Who::Admin},
    {"PruneAudit", bus::Who::Root}, // what it removes is gone
    {"Authenticate", bus::Who::Authd},
    {"GetRevision", bus::Who::Authd},
    {"MarkUsed", bus::Who::Authd},
    {bus::read_properties, bus::Who::Reader},
};

} // namespace alk::stored
