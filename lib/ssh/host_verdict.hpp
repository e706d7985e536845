// The host key question in values, for the session that asks and the programs that answer.
#pragma once

#include <string>

namespace alk::ssh {

struct PresentedKey {
  std::string type;        // "ssh-ed25519"
  std::string blob;        // SSH wire encoding
  std::string fingerprint; // "SHA256:" + unpadded base64
};

enum class HostKeyAnswer { Trust, Refuse };

} // namespace alk::ssh
