// A certificate for a first try: EC P-256, signed by itself. What `alknet serve` makes on its first start.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alk::net {

// Nobody renews this certificate: ten years, the first day of it in the past for clocks that disagree.
inline constexpr long self_signed_days = 3650;
inline constexpr long self_signed_backdate_days = 1;

// PEM, PKCS#8, not encrypted. Errors: Broken (no randomness, no memory).
Result<SecretBytes> generate_tls_key();

// PEM certificate (X.509 v3, RFC 5280) for a private key in PEM. `names` become the subject alternative
// names: IP literals as addresses, everything else as DNS names; the first is also the common name. Errors:
// Invalid (no key, a name that no certificate can carry).
Result<std::string> make_self_signed(const SecretBytes& key_pem, const std::vector<std::string>& names);

// Whether a PEM certificate has expired or is not yet valid. Errors: Invalid (not a certificate).
Result<bool> certificate_is_current(std::string_view certificate_pem);

} // namespace alk::net
