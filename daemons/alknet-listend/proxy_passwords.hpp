// The password of [server.proxy], followed as long as the configuration names it: the one in force, and
// beside it the one of a configuration that is prepared. Knows neither loops nor control socket; main loop
// only.
//
//   prepare: followed aside --put_into_force--> in force, the one before let go
//                           --abandon, or another prepare--> let go
#pragma once

#include "config/config.hpp"
#include "loop/asio.hpp"
#include "proxy_password.hpp"
#include "secret_supply.hpp"

#include <array>
#include <chrono>
#include <functional>

namespace alk::listend {

// How long Prepare waits for a password. What cannot be had must not make reloads fail, nor slow: the limits
// of those who wait for Prepare and Reload (engine-control.md) are several times this.
inline constexpr std::chrono::milliseconds proxy_password_patience{4000};

class ProxyPasswords {
 public:
  // `changed` when what is in force was told anew, not by put_into_force().
  ProxyPasswords(asio::io_context& main, SecretSupply& supply, std::chrono::milliseconds patience,
                 std::function<void()> changed)
      : supply_(supply), patience_(patience), changed_(std::move(changed)), timer_(main) {}

  // Fetches what `proxy` needs beyond what is in force. `done` once, perhaps at once: when it is there, when
  // it is known that it is not to be had now, or after `patience`.
  void prepare(const config::Proxy& proxy, std::function<void()> done);
  void abandon();
  // What was in force for another credential is let go.
  void put_into_force(const config::Proxy& proxy);

  ProxyPasswordPtr password() const { return places_[in_force_].password; }
  const std::string& credential() const { return places_[in_force_].credential; } // "": none is needed
  const std::string& lacking() const { return places_[in_force_].lacking; } // why it is not there, once known

 private:
  struct Place {
    std::string credential;
    config::ProxyProtocol protocol = config::ProxyProtocol::Socks5; // that it must fit
    ProxyPasswordPtr password;
    std::string lacking;
  };
  void follow(CredentialPlace index, const config::Proxy& proxy);
  void let_go(CredentialPlace index);
  void heard(CredentialPlace index, Result<SecretBytes> secret);
  void finish();
  CredentialPlace aside() const { return 1 - in_force_; }

  SecretSupply& supply_;
  std::chrono::milliseconds patience_;
  std::function<void()> changed_;
  std::array<Place, credential_places> places_;
  CredentialPlace in_force_ = 0;
  std::function<void()> waiting_; // for the one aside
  std::uint64_t waits_ = 0;       // so that the timer of an earlier wait ends no later one
  asio::steady_timer timer_;
};

} // namespace alk::listend
