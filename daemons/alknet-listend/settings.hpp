// One consistent snapshot of everything that a reload may change. Each loop holds a pointer to the one in
// force and takes a copy of the pointer for a decision that waits.
#pragma once

#include "config/config.hpp"
#include "config/key_source.hpp"
#include "forwarding_policy.hpp"
#include "net/tls_context.hpp"
#include "web_site.hpp"

#include <map>
#include <memory>
#include <string>

namespace alk::listend {

using TlsContexts = std::map<std::string, std::shared_ptr<const net::TlsContext>>; // by listener name

struct Settings {
  std::uint64_t generation;
  std::string config_digest;
  config::Dynamic values;
  ForwardingPolicy policy;
  TlsContexts tls;
  std::map<std::string, std::shared_ptr<const WebSite>> sites{}; // of stealth listeners, by name
};

using SettingsPtr = std::shared_ptr<const Settings>;

// Reads the TLS pairs of the listeners in `running`. Errors: Invalid, NotFound, Denied, naming the file.
Result<TlsContexts> make_tls_contexts(const config::Static& running, const config::KeySource& keys);

// Compiles the policy and reads the TLS pairs of the listeners in `running`, the static configuration in
// force (a new certificate path waits for a restart; the files behind the old one are read anew). Errors:
// Invalid, NotFound, Denied, naming the file or the web root.
Result<SettingsPtr> make_settings(const config::Configuration& configuration, const config::Static& running,
                                  const config::KeySource& keys, std::uint64_t generation);

// The same for who accepts no more: pairs and sites stay those of `before`.
SettingsPtr renew_settings(const config::Configuration& configuration, const Settings& before,
                           std::uint64_t generation);

} // namespace alk::listend
