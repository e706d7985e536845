#include "proxy_passwords.hpp"

#include "log/log.hpp"
#include "net/connect_client.hpp"
#include "net/socks5_client.hpp"

#include <utility>

namespace alk::listend {

namespace {

Result<LockedSecret> lock_proxy_password(Result<SecretBytes> password, config::ProxyProtocol protocol) {
  if (!password) return pass(std::move(password).error());
  const bool socks = protocol == config::ProxyProtocol::Socks5;
  const std::size_t most = socks ? net::socks_login_limit : net::connect_login_limit;
  if (password->size() > most)
    return fail(Kind::Invalid, "it has more than " + std::to_string(most) + " bytes");
  return LockedSecret::make(password->view());
}

// A service that does not answer may do so in a moment; the others have spoken.
bool is_last_word(Kind kind) {
  return kind == Kind::Locked || kind == Kind::NotFound || kind == Kind::Denied || kind == Kind::Invalid;
}

void say_proxy_password(const std::string& credential, const std::string& lacking) {
  if (lacking.empty())
    log::info("password of the proxy taken: credential " + credential);
  else
    log::warning("password of the proxy missing, nothing is forwarded: credential " + credential + ": " +
                 lacking);
}

} // namespace

void ProxyPasswords::prepare(const config::Proxy& proxy, std::function<void()> done) {
  abandon();
  if (proxy.credential().empty() || proxy.credential() == credential()) return done();
  waiting_ = std::move(done);
  timer_.expires_after(patience_);
  timer_.async_wait([this, wait = waits_](std::error_code cancelled) {
    if (!cancelled && wait == waits_) finish();
  });
  follow(aside(), proxy);
}

void ProxyPasswords::abandon() {
  finish();
  let_go(aside());
}

void ProxyPasswords::put_into_force(const config::Proxy& proxy) {
  if (proxy.credential() != credential()) {
    if (places_[aside()].credential != proxy.credential()) {
      let_go(aside());
      follow(aside(), proxy);
    }
    in_force_ = aside();
    if (password() || !lacking().empty()) say_proxy_password(credential(), lacking());
  }
  places_[in_force_].protocol = proxy.place.protocol;
  abandon();
}

void ProxyPasswords::follow(CredentialPlace index, const config::Proxy& proxy) {
  places_[index] = {proxy.credential(), proxy.place.protocol, nullptr, {}};
  if (proxy.credential().empty()) return;
  supply_.follow_credential(index, proxy.credential(),
                            [this, index](Result<SecretBytes> secret) { heard(index, std::move(secret)); });
}

void ProxyPasswords::let_go(CredentialPlace index) {
  if (!std::exchange(places_[index], {}).credential.empty()) supply_.follow_credential(index, {}, nullptr);
}

void ProxyPasswords::heard(CredentialPlace index, Result<SecretBytes> secret) {
  Place& place = places_[index];
  const bool last_word = secret || is_last_word(secret.error().kind);
  auto locked = lock_proxy_password(std::move(secret), place.protocol);
  const std::string lacking = locked ? std::string() : locked.error().what;
  const bool said_already = !locked && !place.password && lacking == place.lacking;
  place.password =
      locked ? std::make_shared<const ProxyPassword>(ProxyPassword{place.credential, std::move(*locked)})
             : nullptr;
  place.lacking = lacking;
  if (index != in_force_) {
    if (last_word) finish();
    return;
  }
  if (said_already) return;
  say_proxy_password(place.credential, lacking);
  changed_();
}

void ProxyPasswords::finish() {
  ++waits_;
  timer_.cancel();
  if (auto done = std::exchange(waiting_, nullptr)) done();
}

} // namespace alk::listend
