#include "serve_bus.hpp"

#include <cctype>

namespace alk::alknet {

namespace {

// system.conf's rules: names and calls are refused unless a policy file allows them.
constexpr std::string_view baseline = R"(
  <policy context="default">
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"
          send_member="UpdateActivationEnvironment"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Debug.Stats"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.systemd1.Activator"/>
  </policy>
)";

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// "user" or "group" and its value inside a start tag; npos when the tag has neither.
struct Attribute {
  std::size_t begin = std::string_view::npos; // of the name
  std::size_t end = 0;                        // behind the closing quote
};

Attribute find_owner(std::string_view tag) {
  for (std::string_view name : {std::string_view("user"), std::string_view("group")}) {
    for (std::size_t at = tag.find(name); at != std::string_view::npos; at = tag.find(name, at + 1)) {
      std::size_t equals = at + name.size();
      if (!is_space(tag[at - 1])) continue; // never 0: the tag begins with "<policy"
      while (equals < tag.size() && is_space(tag[equals])) ++equals;
      if (equals >= tag.size() || tag[equals] != '=') continue;
      std::size_t quote = tag.find_first_of("\"'", equals);
      if (quote == std::string_view::npos) continue;
      std::size_t close = tag.find(tag[quote], quote + 1);
      if (close == std::string_view::npos) continue;
      return {at, close + 1};
    }
  }
  return {};
}

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
    case '&': escaped += "&amp;"; break;
    case '<': escaped += "&lt;"; break;
    case '>': escaped += "&gt;"; break;
    case '"': escaped += "&quot;"; break;
    default: escaped += c;
    }
  }
  return escaped;
}

// The length of a comment at the start of `rest`, 0 if there is none.
std::size_t comment_length(std::string_view rest) {
  if (!rest.starts_with("<!--")) return 0;
  std::size_t end = rest.find("-->");
  return end == std::string_view::npos ? rest.size() : end + 3;
}

bool starts_policy(std::string_view rest) {
  constexpr std::string_view opening = "<policy";
  return rest.starts_with(opening) && rest.size() > opening.size() && is_space(rest[opening.size()]);
}

} // namespace

Result<std::string> adapt_policy(std::string_view text, ::uid_t user) {
  std::string adapted;
  bool found = false;
  while (!text.empty()) {
    std::size_t taken = comment_length(text);
    if (taken == 0 && starts_policy(text)) {
      std::size_t end = text.find('>');
      std::string_view tag = text.substr(0, end);
      Attribute owner = find_owner(tag);
      if (owner.begin != std::string_view::npos) {
        adapted += tag.substr(0, owner.begin);
        adapted += "user=\"" + std::to_string(user) + "\"";
        text.remove_prefix(owner.end);
        found = true;
        continue;
      }
    }
    if (taken == 0) taken = 1;
    adapted += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  if (!found) return fail(Kind::Invalid, "a bus policy that names no user");
  return adapted;
}

std::string bus_config(std::string_view address, std::string_view policy_directory, ::uid_t user) {
  std::string id = std::to_string(user);
  std::string config = "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
                       " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                       "<!-- Written by `alknet serve` at every start. -->\n"
                       "<busconfig>\n"
                       "  <keep_umask/>\n"
                       "  <listen>" +
                       escape_xml(address) +
                       "</listen>\n"
                       "  <auth>EXTERNAL</auth>\n";
  config += baseline;
  config += "\n  <policy context=\"mandatory\">\n"
            "    <deny user=\"*\"/>\n"
            "    <allow user=\"" +
            id +
            "\"/>\n"
            "  </policy>\n\n"
            "  <includedir>" +
            escape_xml(policy_directory) + "</includedir>\n</busconfig>\n";
  return config;
}

} // namespace alk::alknet
