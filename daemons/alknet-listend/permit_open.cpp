#include "permit_open.hpp"

#include "base/text.hpp"

namespace alk::listend {

static bool permits_host(std::string_view host, const config::Destination& to) {
  if (host == "*") return true;
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (host.empty() || (!bracketed && host.find(':') != host.npos)) return false;
  return config::normalize_host(host) == to.host;
}

bool permits(std::string_view pattern, const config::Destination& to) {
  auto colon = pattern.rfind(':');
  if (colon == pattern.npos) return false;
  auto port_text = pattern.substr(colon + 1);
  if (port_text != "*") {
    auto port = parse_port(port_text);
    if (!port || *port == 0 || *port != to.port) return false;
  }
  return permits_host(pattern.substr(0, colon), to);
}

} // namespace alk::listend
