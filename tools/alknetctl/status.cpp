// alknetctl status: what runs, where it listens, what it warns of.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static Json listeners_json(const std::vector<clients::ListenerInfo>& listeners) {
  Json all = Json::array();
  for (const auto& listener : listeners)
    all.push_back({{"name", listener.name},
                   {"transport", listener.transport},
                   {"address", listener.address},
                   {"active", listener.active}});
  return all;
}

static void print_status_json(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                              const Output& output) {
  Json document{{"version", status.version},
                {"started_at", status.started_at},
                {"generation", status.generation},
                {"config_digest", status.config_digest},
                {"host_key_fingerprint", status.host_key_fingerprint},
                {"sessions", status.sessions},
                {"connections", status.connections},
                {"listeners", listeners_json(status.listeners)},
                {"warnings", status.warnings},
                {"auth", {{"available", status.auth_available}}}};
  if (auth) {
    document["auth"]["generation"] = auth->generation;
    document["auth"]["config_digest"] = auth->config_digest;
    document["auth"]["keys"] = auth->keys;
    document["auth"]["certificate_authorities"] = auth->certificate_authorities;
    document["auth"]["warnings"] = auth->warnings;
  }
  print_json(document, output);
}

static std::string auth_text(const clients::ListenStatus& status, const Result<AuthInfo>& auth) {
  if (!status.auth_available) return "not running: nobody can log in";
  if (!auth) return "running";
  auto counted = [](std::uint32_t count, const char* one, const char* many) {
    return ", " + std::to_string(count) + " " + (count == 1 ? one : many);
  };
  std::string text = "running" + counted(auth->keys, "key", "keys");
  if (auth->certificate_authorities > 0)
    text += counted(auth->certificate_authorities, "certificate authority", "certificate authorities");
  if (auth->config_digest != status.config_digest)
    text += "; its configuration differs from alknet-listend's: reload";
  return text;
}

static void print_warnings(const std::vector<std::string>& warnings, const Output& output) {
  for (const std::string& warning : warnings)
    for (const std::string& line : printable_lines(warning)) output.err << "warning: " << line << '\n';
}

static void print_status_text(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                              const Output& output) {
  output.out << "version:        " << cell(status.version) << '\n'
             << "running for:    " << age_text(status.started_at, output.now) << '\n'
             << "host key:       " << cell(status.host_key_fingerprint) << '\n'
             << "configuration:  generation " << status.generation << '\n'
             << "authentication: " << auth_text(status, auth) << '\n'
             << "sessions:       " << status.sessions << " (" << status.connections << " connections)\n\n";
  Table table({"LISTENER", "TRANSPORT", "ADDRESS", "STATE"});
  for (const auto& listener : status.listeners)
    table.add({cell(listener.name), cell(listener.transport), cell(listener.address),
               listener.active ? "active" : "inactive"});
  table.print(output.out);
  print_warnings(status.warnings, output);
  if (auth) print_warnings(auth->warnings, output);
}

int status(Admin& admin, const Output& output) {
  auto listen = admin.status();
  if (!listen) return report(listen.error(), output);
  auto auth = listen->auth_available ? admin.auth_info() : Result<AuthInfo>(fail(Kind::Gone, "alknet-authd"));
  if (output.format == Format::Json) {
    print_status_json(*listen, auth, output);
  } else {
    print_status_text(*listen, auth, output);
  }
  return exit_ok;
}

} // namespace alk::alknetctl
