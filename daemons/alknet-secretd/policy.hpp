// Who may call what on org.alknet.Secret1; what is not listed is denied. alknet-authd has no business here at
// all, alknet-stored gets no secret: a signature over the fixed form of an anchor alone
// (docs/decisions/0019-signed-anchors.md). Administrators need polkit's consent as well
// (contracts/dbus/org.alknet.Secret1.policy).
#pragma once

#include "bus/caller.hpp"

namespace alk::secretd {

inline constexpr bus::PolicyRule secret_policy[] = {
    {"Prepare", bus::Who::Admin},
    {"Status", bus::Who::Admin},
    {"Unlock", bus::Who::Admin, "org.alknet.Secret1.unlock"},
    {"Lock", bus::Who::Admin, "org.alknet.Secret1.lock"},
    {"Generate", bus::Who::Admin, "org.alknet.Secret1.generate"},
    {"Encrypt", bus::Who::Admin, "org.alknet.Secret1.encrypt"},
    {"DerivePassword", bus::Who::Admin, "org.alknet.Secret1.derive-password"},
    {"DeriveEd25519", bus::Who::Listend}, // of one path, see below
    {"Decrypt", bus::Who::Listend},       // of one tag, see below
    {"SignAnchor", bus::Who::Stored},
    {"DeriveEncryptionKey", bus::Who::Root},
    {"DeriveEthereumKey", bus::Who::Root},
    {"Rotate", bus::Who::Root},
    {"GetMetrics", bus::Who::Reader},
    {bus::read_properties, bus::Who::Reader},
};

inline constexpr std::string_view anything = "*";

// Which Ed25519 keys: the path in its canonical form, or anything.
inline constexpr bus::PolicyRule key_policy[] = {
    {anything, bus::Who::Root}, {"m/74'/0'/1'/0'", bus::Who::Listend}, // the SSH host key
};

// Which decrypted credentials: the tag inside the ciphertext, or anything.
inline constexpr bus::PolicyRule tag_policy[] = {
    {anything, bus::Who::Root},
    {"alknet-listend", bus::Who::Listend},
};

inline bool may_have(bus::Policy policy, std::string_view what, std::uint32_t uid,
                     const bus::Accounts& accounts) {
  return bus::allowed(policy, anything, uid, accounts) ||
         (what != anything && bus::allowed(policy, what, uid, accounts));
}

} // namespace alk::secretd
