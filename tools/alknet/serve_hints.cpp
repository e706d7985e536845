#include "serve_hints.hpp"

namespace alk::alknet {

namespace {

// Where a client on this machine reaches it.
std::string reachable_host(const Endpoint& endpoint) {
  if (!endpoint.wildcard()) return endpoint.host();
  return endpoint.address.ss_family == AF_INET6 ? "::1" : "127.0.0.1";
}

std::string server(const Endpoint& endpoint) {
  std::string host = reachable_host(endpoint);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(endpoint.port());
}

std::string connect_line(const OpenListener& listener, const StatePaths& paths, const std::string& program,
                         const std::string& identity) {
  std::string line = shell_word(program) + " connect --server " + server(listener.endpoint);
  if (listener.transport == config::Transport::Tls)
    line += " --transport tls --ca-file " + shell_word(paths.tls_cert());
  return line + " --identity " + identity + " --known-hosts " + shell_word(paths.known_hosts());
}

// ssh(1) splits the value of this option at spaces unless it is quoted.
std::string known_hosts_option(const StatePaths& paths) {
  std::string file = paths.known_hosts();
  if (file.find(' ') != std::string::npos) file = "\"" + file + "\"";
  return shell_word("UserKnownHostsFile=" + file);
}

std::string ssh_line(const OpenListener& listener, const StatePaths& paths, const std::string& identity) {
  return "ssh -N -D 127.0.0.1:1080 -p " + std::to_string(listener.endpoint.port()) + " -i " + identity +
         " -o IdentitiesOnly=yes" + " -o " + known_hosts_option(paths) + " " +
         reachable_host(listener.endpoint);
}

} // namespace

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ready_line(const std::vector<OpenListener>& listeners) {
  std::string line = "ready";
  for (const OpenListener& listener : listeners) line += " " + listener.name + "=" + listener.endpoint.text();
  return line;
}

std::vector<std::string> connect_hints(const std::vector<OpenListener>& listeners, const StatePaths& paths,
                                       const std::string& program, ClientKey key) {
  std::string identity = key == ClientKey::Present ? shell_word(paths.client_key()) : "YOUR_PRIVATE_KEY";
  std::vector<std::string> lines;
  for (const OpenListener& listener : listeners) {
    lines.push_back(connect_line(listener, paths, program, identity));
    if (listener.transport == config::Transport::Tcp) lines.push_back(ssh_line(listener, paths, identity));
  }
  return lines;
}

} // namespace alk::alknet
