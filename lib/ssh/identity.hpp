// What a client logs in with: an Ed25519 private key in OpenSSH format, in memory or inside ssh-agent.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace alk::ssh {

struct IdentitySources {
  std::string agent_socket; // SSH_AUTH_SOCK; empty: no agent
  // Asks a person; nullopt when nobody can be asked or the question was cancelled. Called at most three
  // times.
  std::function<std::optional<SecretBytes>(const std::string& prompt)> ask_passphrase;
};

class Identity {
 public:
  // `path` is a private key file, or a public one ("ssh-ed25519 AAAA...") whose private half the agent holds.
  // An encrypted key is taken from the agent when it is there, else its passphrase is asked for. Errors:
  // NotFound, Denied (cannot be read, or others can read it too: mode & 077), Invalid (other format or type,
  // wrong passphrase; the text says what to do).
  static Result<Identity> load(const std::string& path, const IdentitySources& sources);
  Identity(Identity&&) noexcept;
  Identity& operator=(Identity&&) noexcept;
  ~Identity();

  const std::string& fingerprint() const { return fingerprint_; }
  bool in_agent() const { return !agent_socket_.empty(); }

  // Inside the room.
  struct Key;
  const Key& key() const { return *key_; } // only unless in_agent()
  const std::string& blob() const { return blob_; }
  const std::string& agent_socket() const { return agent_socket_; }

 private:
  Identity();
  std::unique_ptr<Key> key_;
  std::string blob_; // public half, SSH wire encoding
  std::string fingerprint_;
  std::string agent_socket_;
};

} // namespace alk::ssh
