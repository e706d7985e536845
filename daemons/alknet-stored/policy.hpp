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
    {"PutCredential", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetCredential", bus::Who::Admin},
    {"GetCredential", bus::Who::Listend}, // of its own, see below
    {"ListCredentials", bus::Who::Admin},
    {"RemoveCredential", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListAudit", bus::Who::Admin},
    {"VerifyAudit", bus::Who::Admin},
    {"PruneAudit", bus::Who::Root}, // what it removes is gone
    {"Check", bus::Who::Admin},
    {"Backup", bus::Who::Admin, "org.alknet.Store1.copy"}, // all that is kept leaves with it
    {"Dump", bus::Who::Admin, "org.alknet.Store1.copy"},
    {"Restore", bus::Who::Admin, "org.alknet.Store1.copy"},
    {"PutGraphType", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetGraphType", bus::Who::Admin},
    {"ListGraphTypes", bus::Who::Admin},
    {"DeleteGraphType", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"CreateGraph", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetGraph", bus::Who::Admin},
    {"ListGraphs", bus::Who::Admin},
    {"SetGraphStatus", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"DeleteGraph", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"LoadGraph", bus::Who::Admin},
    {"StoreGraph", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"PutNode", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetNode", bus::Who::Admin},
    {"ListNodes", bus::Who::Admin},
    {"DeleteNode", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"PutEdge", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GetEdge", bus::Who::Admin},
    {"ListEdges", bus::Who::Admin},
    {"DeleteEdge", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"GrantAccess", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"RevokeAccess", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"DelegateAccess", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"JoinRole", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"UnlinkAccess", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"CheckAccess", bus::Who::Admin},
    {"ExplainAccess", bus::Who::Admin},
    {"GetAccess", bus::Who::Admin},
    {"ListPrincipals", bus::Who::Admin},
    {"Subscribe", bus::Who::Admin}, // it shows what the lists show
    {"ListStreams", bus::Who::Admin},
    {"CreateConsumer", bus::Who::Admin, "org.alknet.Store1.manage"}, // it keeps events from being removed
    {"ListConsumers", bus::Who::Admin},
    {"PruneEvents", bus::Who::Root}, // what it removes is gone
    {"DeleteConsumer", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"Acknowledge", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"EnqueueJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ClaimJobs", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"AckJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"RetryJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"FailJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ExtendJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"CancelJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"ListQueues", bus::Who::Admin},
    {"ListDeadJobs", bus::Who::Admin},
    {"RequeueDeadJob", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"Notify", bus::Who::Admin, "org.alknet.Store1.manage"},
    {"Listen", bus::Who::Admin},
    {"Authenticate", bus::Who::Authd},
    {"GetRevision", bus::Who::Authd},
    {"MarkUsed", bus::Who::Authd},
    {"GetMetrics", bus::Who::Reader},
    {bus::read_properties, bus::Who::Reader},
};

// Whose records GetCredential gives: the consumer's, or anything.
inline constexpr std::string_view anything = "*";
inline constexpr bus::PolicyRule consumer_policy[] = {
    {anything, bus::Who::Admin},
    {bus::listend_user, bus::Who::Listend},
};

} // namespace alk::stored
