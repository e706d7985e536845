// alknetctl credential: what others gave us, a proxy's password say. It is encrypted by alknet-secretd before
// alknet-stored gets it; what is read here is wiped.
#pragma once

#include "secret_input.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

struct CredentialJob {
  Place place;
  SecretSource source;
  std::string name;
  std::string consumer = "alknet-listend"; // who may have it decrypted
  bool replace = false;
  std::uint32_t key_version = 2;
};

int credential_add(const CredentialJob& job, const Output& output);
int credential_list(const CredentialJob& job, const Output& output);
int credential_show(const CredentialJob& job, const Output& output); // the record, for `secret decrypt`
int credential_remove(const CredentialJob& job, const Output& output);

} // namespace alk::alknetctl
