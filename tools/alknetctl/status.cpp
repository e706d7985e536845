// alknetctl status: what runs, where it listens, what it warns of, and what is missing.
#include "advice.hpp"
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

static Json certificates_json(const std::vector<clients::Certificate>& certificates) {
  Json all = Json::array();
  for (const auto& certificate : certificates)
    all.push_back({{"listener", certificate.listener},
                   {"expires", certificate.expires},
                   {"self_signed", certificate.self_signed}});
  return all;
}

static Json advice_json(const std::vector<Advice>& advice) {
  Json all = Json::array();
  for (const auto& one : advice)
    all.push_back(
        {{"problem", one.problem}, {"command", one.command.empty() ? Json(nullptr) : Json(one.command)}});
  return all;
}

static void print_status_json(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                              const std::vector<Advice>& advice, const Output& output) {
  Json document{{"version", status.version},
                {"started_at", status.started_at},
                {"generation", status.generation},
                {"config_digest", status.config_digest},
                {"host_key_fingerprint", status.host_key_fingerprint},
                {"sessions", status.sessions},
                {"connections", status.connections},
                {"listeners", listeners_json(status.listeners)},
                {"certificates", certificates_json(status.certificates)},
                {"warnings", status.warnings},
                {"auth", {{"available", auth || status.auth_available}}},
                {"missing", advice_json(advice)}};
  if (auth) {
    document["auth"]["generation"] = auth->generation;
    document["auth"]["config_digest"] = auth->config_digest;
    document["auth"]["keys"] = auth->keys;
    document["auth"]["certificate_authorities"] = auth->certificate_authorities;
    document["auth"]["accounts"] = auth->accounts;
    document["auth"]["warnings"] = auth->warnings;
  }
  print_json(document, output);
}

static std::string auth_text(const clients::ListenStatus& status, const Result<AuthInfo>& auth) {
  // Asking starts it where the bus can; an administrator who may not ask sees what alknet-listend sees.
  if (!auth && auth.error().kind == Kind::Gone) return "not running: nobody can log in";
  if (!auth) return status.auth_available ? "running" : "not running yet";
  auto counted = [](std::uint32_t count, const char* one, const char* many) {
    return ", " + std::to_string(count) + " " + (count == 1 ? one : many);
  };
  std::string text = "running" + counted(auth->keys, "key", "keys");
  if (auth->certificate_authorities > 0)
    text += counted(auth->certificate_authorities, "certificate authority", "certificate authorities");
  if (auth->accounts == "on") text += ", accounts";
  if (auth->accounts == "unavailable") text += "; accounts cannot be asked and do not log in";
  if (auth->config_digest != status.config_digest)
    text += "; its configuration differs from alknet-listend's: reload";
  return text;
}

static void print_warnings(const std::vector<std::string>& warnings, const Output& output) {
  for (const std::string& warning : warnings)
    for (const std::string& line : printable_lines(warning)) output.err << "warning: " << line << '\n';
}

static void print_advice(const std::vector<Advice>& advice, std::ostream& out) {
  if (advice.empty()) return;
  out << "\nmissing:\n";
  for (const auto& one : advice) {
    out << "  " << words_cell(one.problem) << '\n';
    if (!one.command.empty()) out << "      " << words_cell(one.command) << '\n';
  }
}

static void print_status_text(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                              const Output& output) {
  output.out << "version:        " << cell(status.version) << '\n'
             << "running for:    " << age_text(status.started_at, output.now) << '\n'
             << "host key:       "
             << (status.host_key_fingerprint.empty() ? "none" : cell(status.host_key_fingerprint)) << '\n'
             << "configuration:  generation " << status.generation << '\n'
             << "authentication: " << auth_text(status, auth) << '\n'
             << "sessions:       " << status.sessions << " (" << status.connections << " connections)\n";
  for (const auto& certificate : status.certificates)
    output.out << "certificate:    " << cell(certificate.listener) << ' '
               << validity_text(certificate, output.now) << (certificate.self_signed ? ", self-signed" : "")
               << '\n';
  output.out << '\n';
  Table table({"LISTENER", "TRANSPORT", "ADDRESS", "STATE"});
  for (const auto& listener : status.listeners)
    table.add({cell(listener.name), cell(listener.transport), cell(listener.address),
               listener.active ? "active" : "inactive"});
  table.print(output.out);
  print_warnings(status.warnings, output);
  if (auth) print_warnings(auth->warnings, output);
}

int status(Admin& admin, const Place& place, const Output& output) {
  auto listen = admin.status();
  if (!listen) return status_of_absent(listen.error(), place, output);
  auto auth = admin.auth_info();
  auto advice = advise(*listen, auth, place, output.now);
  if (output.format == Format::Json) {
    print_status_json(*listen, auth, advice, output);
  } else {
    print_status_text(*listen, auth, output);
    print_advice(advice, output.out);
  }
  return exit_ok;
}

int status_of_absent(const Error& error, const Place& place, const Output& output) {
  if (error.kind != Kind::Gone) return report(error, output);
  auto advice = advise_absence(place);
  if (output.format == Format::Json) {
    print_json({{"error", error_json(error)}, {"missing", advice_json(advice)}}, output);
    return exit_not_running;
  }
  print_advice(advice, output.out);
  return report(error, output);
}

} // namespace alk::alknetctl
