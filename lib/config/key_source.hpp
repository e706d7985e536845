// Where private keys and certificates come from: systemd credentials under the service manager
// (systemd.exec(5), CREDENTIALS), plain files under `alknet serve`.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <map>
#include <memory>
#include <string>

namespace alk::config {

// Keys that were read already, by the name that the configuration gives them.
using HeldKeys = std::map<std::string, SecretBytes>;

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

  // The file that read() opens. Invalid for a credential name that cannot be one, or without a directory.
  Result<std::string> path(const std::string& name) const;

 private:
  std::string directory_;
  std::shared_ptr<const HeldKeys> held_;
};

} // namespace alk::config
