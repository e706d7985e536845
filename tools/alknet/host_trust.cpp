#include "host_trust.hpp"

#include "loop/asio.hpp"
#include "say.hpp"
#include "ssh/known_hosts.hpp"

namespace alk::alknet {

HostTrust::HostTrust(const ConnectOptions& options, Person person)
    : server_(options.server.host), name_(ssh::known_host_name(options.server.host, options.server.port)),
      pin_(options.host_key_pin), known_hosts_(options.known_hosts), person_(std::move(person)) {}

Result<void> HostTrust::judge_pin(const ssh::PresentedKey& key) const {
  ALK_TRY(const bool same, ssh::pin_matches(pin_, key));
  if (same) return {};
  return fail(Kind::Denied,
              "the host key of " + server_ + " is " + key.fingerprint + ", not the one of --host-key");
}

Failure HostTrust::unknown(const ssh::PresentedKey& key) const {
  return fail(Kind::Denied,
              "the host key of " + server_ + " is not known: " + key.fingerprint +
                  "\n  Compare it with the server's (ssh-keygen -lf KEY.pub there), then add:  --host-key " +
                  key.fingerprint + "\n  or run this once from a terminal to accept it into " + known_hosts_);
}

Result<void> HostTrust::remember(const ssh::PresentedKey& key) const {
  auto added = ssh::add_known_host(known_hosts_, name_, key);
  if (!added) say_warning("the host key could not be kept: " + added.error().describe());
  return {};
}

Task<Result<void>> HostTrust::judge(ssh::PresentedKey key) {
  if (!pin_.empty()) co_return judge_pin(key);
  ALK_CO_TRY(const auto finding, ssh::find_host_key_in_file(known_hosts_, name_, key));
  const std::string place = known_hosts_ + ":" + std::to_string(finding.line);
  switch (finding.state) {
  case ssh::HostKeyState::Known: co_return Result<void>{};
  case ssh::HostKeyState::Revoked:
    co_return fail(Kind::Denied, "the host key of " + server_ + " is revoked (" + place + ")");
  case ssh::HostKeyState::Changed:
    co_return fail(Kind::Denied,
                   "THE HOST KEY OF " + server_ + " HAS CHANGED: it is " + key.fingerprint + ", and " +
                       place + " knows another.\n  Somebody may be listening in. If the server has a new " +
                       "key:  ssh-keygen -f '" + known_hosts_ + "' -R '" + name_ + "'");
  case ssh::HostKeyState::Unknown: break;
  }
  if (!person_.present()) co_return unknown(key);

  std::string question = "The authenticity of '" + server_ + "' cannot be established.\nIts host key is " +
                         key.type + " " + key.fingerprint +
                         "\nConnect and remember it (yes, no, or the fingerprint)? ";
  const std::string answer = co_await person_.ask(std::move(question));
  if (answer != "yes" && answer != key.fingerprint)
    co_return fail(Kind::Denied, "the host key of " + server_ + " was not accepted");
  co_return remember(key);
}

} // namespace alk::alknet
