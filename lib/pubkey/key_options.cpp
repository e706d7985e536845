#include "pubkey/key_options.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace alk::pubkey {

namespace {

struct Option {
  std::string name; // lower case
  std::optional<std::string> value;
};

Failure refuse(std::string_view name, std::string_view reason) {
  return fail(Kind::Invalid, std::string(name) + std::string(reason));
}

bool control(char c) {
  auto value = static_cast<unsigned char>(c);
  return value < 0x20 || value == 0x7f;
}

// Cuts one option after another off a field; `position` counts from 1.
class OptionReader {
 public:
  explicit OptionReader(std::string_view field) : rest_(field) {}
  bool done() const { return done_; }
  std::string where() const { return "option " + std::to_string(position_); }

  Result<Option> next() {
    ++position_;
    auto end = rest_.find_first_of("=,\"");
    Option option{to_lower(rest_.substr(0, end)), std::nullopt};
    if (option.name.empty()) return refuse(where(), " is empty");
    rest_.remove_prefix(option.name.size());
    if (rest_.starts_with('=')) {
      rest_.remove_prefix(1);
      ALK_TRY(option.value, quoted());
    }
    done_ = rest_.empty();
    if (!done_ && !rest_.starts_with(','))
      return refuse(where(), " is followed by something else than a comma");
    if (!done_) rest_.remove_prefix(1);
    return option;
  }

 private:
  Result<std::string> quoted() {
    if (!rest_.starts_with('"')) return refuse(where(), " has a value without quotes");
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.starts_with("\\\"")) rest_.remove_prefix(1);
      if (control(rest_.front())) return refuse(where(), " holds a control character");
      value.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return refuse(where(), " has an unclosed quote");
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  unsigned position_ = 0;
  bool done_ = false;
};

bool valid_permit_port(std::string_view port) {
  if (port == "*") return true;
  auto number = parse_port(port);
  return number && *number != 0;
}

// A name or IPv4 address, "*", or an IPv6 address in brackets. Not an address check: sshd compares the text,
// too.
bool valid_permit_host(std::string_view host) {
  if (host.empty() || host.size() > max_permit_host) return false;
  if (host.starts_with('[')) {
    auto inside = host.substr(1, host.size() - 2);
    return host.ends_with(']') && inside.find(':') != std::string_view::npos && parse_peer_address(inside);
  }
  return host.find_first_of(" :/[]\"\\,") == std::string_view::npos;
}

enum class BarePort { Refused, MeansAnyHost };

Result<std::string> parse_permit(std::string_view name, const std::string& value, BarePort bare) {
  std::string text = value;
  if (bare == BarePort::MeansAnyHost && text.find(':') == std::string::npos) text.insert(0, "*:");
  auto colon = text.rfind(':');
  if (colon == std::string::npos || !valid_permit_port(text.substr(colon + 1)))
    return refuse(name, "= needs HOST:PORT, port 1 to 65535 or *");
  if (!valid_permit_host(std::string_view(text).substr(0, colon)))
    return refuse(name, "= has a malformed host");
  return text;
}

Result<void> take_from(KeyOptions& options, const std::string& value) {
  if (options.from) return refuse("from", "= stands twice");
  ALK_TRY(options.from, FromList::parse(value));
  return {};
}

Result<void> take_expiry(KeyOptions& options, const std::string& value) {
  auto moment = parse_expiry_time(value);
  if (!moment) return refuse("expiry-time", "= needs YYYYMMDD[HHMM[SS]][Z]");
  options.expires = options.expires ? std::min(*options.expires, *moment) : *moment;
  return {};
}

Result<void> take_principals(KeyOptions& options, const std::string& value) {
  if (!options.principals.empty()) return refuse("principals", "= stands twice");
  for (std::string_view name : split(value, ',')) {
    if (name.empty()) return refuse("principals", "= holds an empty name");
    options.principals.emplace_back(name);
  }
  return {};
}

Result<void> take_permit(std::vector<std::string>& list, std::string_view name, const std::string& value,
                         BarePort bare) {
  ALK_TRY(std::string permit, parse_permit(name, value, bare));
  list.push_back(std::move(permit));
  return {};
}

Result<void> take_value(KeyOptions& options, const Option& option, const std::string& where) {
  const std::string& value = *option.value;
  if (option.name == "from") return take_from(options, value);
  if (option.name == "expiry-time") return take_expiry(options, value);
  if (option.name == "principals") return take_principals(options, value);
  if (option.name == "permitopen")
    return take_permit(options.permitopen, option.name, value, BarePort::Refused);
  if (option.name == "permitlisten")
    return take_permit(options.permitlisten, option.name, value, BarePort::MeansAnyHost);
  for (std::string_view known : {"command", "environment", "tunnel"})
    if (option.name == known) return refuse(known, "= is not supported");
  return refuse(where, " is unknown");
}

bool without_effect(std::string_view name) {
  if (name == "verify-required") return true;
  if (name.starts_with("no-")) name.remove_prefix(3);
  for (std::string_view known : {"pty", "user-rc", "agent-forwarding", "x11-forwarding", "touch-required"})
    if (name == known) return true;
  return false;
}

// In the order of the line, as sshd does: "restrict,port-forwarding" allows it, the reverse does not.
Result<void> take_flag(KeyOptions& options, const std::string& name, const std::string& where) {
  if (name == "cert-authority") {
    options.cert_authority = true;
  } else if (name == "restrict" || name == "no-port-forwarding") {
    options.port_forwarding = false;
  } else if (name == "port-forwarding") {
    options.port_forwarding = true;
  } else if (!without_effect(name)) {
    return refuse(where, " is unknown");
  }
  return {};
}

} // namespace

std::optional<std::size_t> options_length(std::string_view line) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < line.size() && (quoted || (line[at] != ' ' && line[at] != '\t')); ++at) {
    if (line.substr(at).starts_with("\\\"")) {
      ++at;
    } else if (line[at] == '"') {
      quoted = !quoted;
    }
  }
  if (quoted) return std::nullopt;
  return at;
}

Result<KeyOptions> parse_key_options(std::string_view field) {
  KeyOptions options;
  for (OptionReader reader(field); !reader.done();) {
    ALK_TRY(Option option, reader.next());
    // A spelling of older alknet documents, for CA lines alone.
    if (options.cert_authority && option.name == "permit-port-forwarding") option.name = "port-forwarding";
    if (option.value) {
      ALK_TRY_VOID(take_value(options, option, reader.where()));
    } else {
      ALK_TRY_VOID(take_flag(options, option.name, reader.where()));
    }
  }
  if (!options.principals.empty() && !options.cert_authority)
    return refuse("principals", "= stands without cert-authority");
  return options;
}

} // namespace alk::pubkey
