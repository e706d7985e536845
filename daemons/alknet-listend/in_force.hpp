// The configuration in force as org.alknet.Listen1 shows it: GetPolicy and GetLimits.
#pragma once

#include "bus/value.hpp"
#include "settings.hpp"

#include <string_view>
#include <vector>

namespace alk::listend {

std::string_view action_word(config::Action action); // "allow", "deny"

// One dictionary a rule, in file order.
std::vector<bus::Dictionary> shown_rules(const config::Forwarding& forwarding);

// One dictionary for every key of [limits].
std::vector<bus::Dictionary> shown_limits(const config::Limits& limits);

// Dotted keys of the pairs of `running` that show another certificate now; each once.
std::vector<std::string> renewed_certificates(const config::Static& running, const TlsContexts& before,
                                              const TlsContexts& after);

// Listeners whose certificate is not valid any more at `now` (Unix seconds).
std::vector<std::string> expired_certificates(const TlsContexts& contexts, std::uint64_t now);

// One dictionary for every TLS listener's certificate.
std::vector<bus::Dictionary> shown_certificates(const TlsContexts& contexts);

} // namespace alk::listend
