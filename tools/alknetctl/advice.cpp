#include "advice.hpp"

#include "format.hpp"

#include <algorithm>
#include <ctime>

namespace alk::alknetctl {

namespace {

constexpr std::uint64_t day = 24 * 60 * 60;

std::string quoted(const std::string& word) {
  constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string ours(const Place& place, const std::string& verb) {
  std::string command = "alknetctl ";
  if (!place.state.empty()) command += "--state " + quoted(place.state) + " ";
  if (!place.bus_address.empty()) command += "--bus-address " + quoted(place.bus_address) + " ";
  return command + verb;
}

// The service manager looks after a server that is on the system bus, and after no other.
bool is_managed(const Place& place) {
  return place.state.empty() && place.bus_address.empty();
}

std::string reload_command(const Place& place) {
  return is_managed(place) ? "systemctl reload alknet-listend" : ours(place, "reload");
}

std::string date_text(std::uint64_t seconds) {
  auto time = static_cast<std::time_t>(seconds);
  std::tm broken{};
  char text[32] = "";
  if (::gmtime_r(&time, &broken) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d", &broken);
  return text;
}

void advise_on_logins(std::vector<Advice>& all, const clients::ListenStatus& status,
                      const Result<AuthInfo>& auth, const Place& place) {
  if (auth && auth->keys == 0 && auth->certificate_authorities == 0 && auth->accounts == "off")
    all.push_back({"no keys: nobody can log in", ours(place, "keys add ~/.ssh/id_ed25519.pub")});
  if (auth && auth->accounts == "unavailable")
    all.push_back({"alknet-stored did not answer: accounts do not log in",
                   is_managed(place) ? "systemctl status alknet-stored" : ""});
  if (!auth && auth.error().kind == Kind::Gone)
    all.push_back({"alknet-authd does not run: nobody can log in",
                   is_managed(place) ? "systemctl restart alknet-authd" : ""});
  if (auth && auth->config_digest != status.config_digest)
    all.push_back(
        {"alknet-authd decides by another configuration than alknet-listend", reload_command(place)});
}

void advise_on_certificate(std::vector<Advice>& all, const clients::Certificate& certificate,
                           const Place& place, std::uint64_t now) {
  const std::string name = "certificate of listener " + cell(certificate.listener);
  if (certificate.expires < now + renewal_days * day)
    all.push_back(
        {name + ": " + validity_text(certificate, now) + "; renew it, then", reload_command(place)});
  if (certificate.self_signed)
    all.push_back({name + ": self-signed, so clients cannot check it; put one from an authority in its place "
                          "(server.tls in alknet.toml(5)), then",
                   reload_command(place)});
}

// The sockets of our packages; whoever names listeners himself has units of his own.
void advise_on_listener(std::vector<Advice>& all, const clients::ListenerInfo& listener, const Place& place) {
  if (listener.active || !is_managed(place)) return;
  std::string socket;
  if (listener.name == "tls") socket = "alknet-listend.socket";
  if (listener.name == "ssh") socket = "alknet-listend-ssh.socket";
  const std::string problem = "listener " + cell(listener.name) + " has no socket: nobody can reach it";
  all.push_back(
      {socket.empty() ? problem + "; its socket unit needs FileDescriptorName=" + cell(listener.name)
                      : problem,
       socket.empty() ? "" : "systemctl enable --now " + socket + " && systemctl restart alknet-listend"});
}

// The sentences are alknet-listend's; what else it lacks comes with the seed.
void advise_on_lack(std::vector<Advice>& all, const std::string& lack, const Place& place) {
  constexpr std::string_view begin = "(credential ", end = "): there is no such credential";
  const auto name = lack.find(begin);
  if (lack.ends_with(end) && name != lack.npos) {
    const auto from = name + begin.size();
    return all.push_back(
        {lack, ours(place, "credential add " + cell(lack.substr(from, lack.size() - end.size() - from)))});
  }
  all.push_back({lack, ours(place, "secret unlock")});
}

} // namespace

std::string validity_text(const clients::Certificate& certificate, std::uint64_t now) {
  if (certificate.expires <= now)
    return "expired on " + date_text(certificate.expires) + ", " +
           std::to_string((now - certificate.expires) / day) + " days ago";
  return "until " + date_text(certificate.expires) + ", " +
         std::to_string((certificate.expires - now) / day) + " days";
}

std::vector<Advice> advise(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                           const Place& place, std::uint64_t now) {
  std::vector<Advice> all;
  for (const std::string& lack : status.lacking) advise_on_lack(all, lack, place);
  advise_on_logins(all, status, auth, place);
  for (const auto& certificate : status.certificates) advise_on_certificate(all, certificate, place, now);
  for (const auto& listener : status.listeners) advise_on_listener(all, listener, place);
  return all;
}

std::vector<Advice> advise_absence(const Place& place) {
  if (!place.state.empty())
    return {{"no server runs from that directory", "alknet serve --state " + quoted(place.state)}};
  if (!is_managed(place)) return {{"alknet-listend is not on that bus", ""}};
  return {{"alknet-listend does not run", "systemctl enable --now alknet-listend"}};
}

} // namespace alk::alknetctl
