// Host keys that are already known: OpenSSH's known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT),
// plain and hashed names, patterns, negation, "[host]:port", @revoked. @cert-authority lines are no host keys
// and are passed over: host certificates cannot be negotiated here.
#pragma once

#include "base/result.hpp"
#include "ssh/host_verdict.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::ssh {

// A person's file; more than a hundred thousand lines fit.
inline constexpr std::size_t known_hosts_limit = 16 * 1024 * 1024;

enum class HostKeyState {
  Known,
  Unknown, // no line names the host
  Changed, // lines name the host, none with this key (a line with a key of another type counts as well)
  Revoked, // a @revoked line names this key for the host
};

struct HostKeyFinding {
  HostKeyState state = HostKeyState::Unknown;
  std::size_t line = 0; // the line that decided, from 1; 0 for Unknown
};

// The name that stands for a server in the file: "host" on port 22, else "[host]:port"; lower case.
std::string known_host_name(std::string_view host, std::uint16_t port);

HostKeyFinding find_host_key(std::string_view content, std::string_view name, const PresentedKey& key);

// A missing file knows nobody. Errors: Denied, Invalid (too large).
Result<HostKeyFinding> find_host_key_in_file(const std::string& path, std::string_view name,
                                             const PresentedKey& key);

// Appends one plain line; makes the file (0600) and its directory (0700) when missing.
Result<void> add_known_host(const std::string& path, std::string_view name, const PresentedKey& key);

// `pin` is "SHA256:..." or the text of a public key file or of known_hosts-like lines; Invalid when it is
// neither.
Result<bool> pin_matches(std::string_view pin, const PresentedKey& key);

} // namespace alk::ssh
