// What is worth knowing of a login by certificate for as long as it lives. It travels with the session as its
// credential and comes back when somebody asks whether it still counts: nothing is remembered here, and a
// restart forgets nothing.
#pragma once

#include "alknet-authd/key_set.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::authd {

// That a line may admit of one certificate; each becomes a scope of the login and part of its credential.
inline constexpr std::size_t max_admitted = 16;

struct CertificateLogin {
  Digest key;       // of the certified key
  Digest authority; // of the CA
  std::string user;
  std::vector<std::string> principals; // that were admitted, in the order of the certificate
  std::uint64_t valid_before = 0;
  bool operator==(const CertificateLogin&) const = default;
};

std::string credential_text(const CertificateLogin& login);
std::optional<CertificateLogin> parse_credential(std::string_view text);

} // namespace alk::authd
