// The verdict about a certificate (network.md 5.5): who signed it, when and where it is valid, and whom the
// authority's line admits.
#pragma once

#include "alknet-authd/certificate_login.hpp"
#include "alknet-authd/judge.hpp"

namespace alk::authd {

// Errors: Invalid (malformed).
Result<Verdict> judge_certificate(const KeySet& keys, const Attempt& attempt, UnixSeconds now);

// Whether a login by certificate would still be let in, without what needs its peer.
bool still_admitted(const KeySet& keys, const CertificateLogin& login, UnixSeconds now);

} // namespace alk::authd
