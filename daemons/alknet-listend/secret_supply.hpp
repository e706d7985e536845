// What an engine gets from alknet-secretd while that is unlocked. The engine asks through this interface;
// secret_link.hpp asks over the bus, tests give what they like.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace alk::listend {

// Of what is followed at the same time: what is in force, and what may follow it.
using CredentialPlace = std::size_t; // below credential_places
inline constexpr CredentialPlace credential_places = 2;

// Lives on the main loop; every answer comes there.
class SecretSupply {
 public:
  virtual ~SecretSupply() = default;
  // To be called once. `told` at once or soon, and at every change: the SSH host key as OpenSSH private key
  // text, or why there is none (Locked, Gone; the text is for people).
  virtual void follow_host_key(std::function<void(Result<SecretBytes>)> told) = 0;
  // The same for the outbound credential of this name, in place of the one before at this place; "" for none:
  // then nothing is told any more. What was told counts until something else is.
  virtual void follow_credential(CredentialPlace place, std::string name,
                                 std::function<void(Result<SecretBytes>)> told) = 0;
};

} // namespace alk::listend
