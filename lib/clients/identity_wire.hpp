// Identity and Constraints as org.alknet.Auth1 carries them; used by both ends.
#pragma once

#include "base/identity.hpp"
#include "bus/message.hpp"

namespace alk::clients {

// "permitopen" as, "permitlisten" as, "no-port-forwarding" b, "expires" t, "credential" s; what does not
// limit is left out.
bus::Dictionary encode(const Constraints& constraints);

// Unsupported for an entry that is not known or has another type: whoever does not understand a limit must
// refuse.
Result<Constraints> decode_constraints(const bus::Dictionary& dictionary);

// scopes as, resources a{sas}, constraints a{sv}: the last three members of Lookup's and VerifyPublicKey's
// answers.
void write_grants(bus::Message& out, const Identity& identity, const Constraints& constraints);
Result<void> read_grants(bus::Message& in, Identity& identity, Constraints& constraints);

} // namespace alk::clients
