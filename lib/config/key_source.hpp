// Where private keys and certificates come from: systemd credentials under the service manager
// (systemd.exec(5), CREDENTIALS), plain files under `alknet serve`.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <map>
#include <memory>
#include <string>

namespace alk::config {

// [server] host_key, or [auth] host_key as it was spelled first: the Ed25519 key that follows from the seed
// in alknet-secretd, there while that is unlocked.
inline constexpr std::string_view secret_host_key = "secret:";

// Keys that were read already, by the name that the configuration gives them.
using HeldKeys = std::map<std::string, SecretBytes>;

// A credential that was read again while the service ran: the copy that the service manager made at the start
// stays as it is.
struct RenewedKey {
  std::string path; // where it came from, for people
  SecretBytes bytes;
};
using RenewedKeys = std::map<std::string, RenewedKey>; // by the name of the credential, without the prefix

class KeySource {
 public:
  static constexpr std::size_t size_limit = 1 << 20; // the service manager's own limit for one credential

  KeySource(); // credentials from $CREDENTIALS_DIRECTORY
  explicit KeySource(std::string credentials_directory) : directory_(std::move(credentials_directory)) {}

  // Nothing is opened: what is not held is NotFound.
  explicit KeySource(std::shared_ptr<const HeldKeys> held) : held_(std::move(held)) {}

  // `name` is "credential:NAME" or a path. NotFound, Denied, Invalid (no such credential name, empty, too
  // large); the error names the file.
  Result<SecretBytes> read(const std::string& name) const;

  // The same, but `renewed` in place of the credentials of these names; what was renewed before stays.
  KeySource with(RenewedKeys renewed) const;
  // The same names with what is in memory already.
  KeySource holding(std::shared_ptr<const HeldKeys> held) const;

  // What to call a key towards people: the file that it was renewed from, else its name.
  std::string label(const std::string& name) const;

  // Content of an open regular file with read()'s limits; `path` is for errors, Invalid and errno's.
  static Result<SecretBytes> read_open(const Fd& file, const std::string& path);

  // The file that read() opens. Invalid for a credential name that cannot be one, or without a directory.
  Result<std::string> path(const std::string& name) const;

 private:
  using Renewed = std::map<std::string, std::shared_ptr<const RenewedKey>>; // shared: secrets are not copied
  const RenewedKey* find_renewed(const std::string& name) const;

  std::string directory_;
  std::shared_ptr<const HeldKeys> held_;
  Renewed renewed_;
};

} // namespace alk::config
