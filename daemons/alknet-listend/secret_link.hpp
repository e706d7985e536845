// The SecretSupply that asks alknet-secretd over the bus: fetches what is followed on every Unlock, and says
// so on every Lock.
#pragma once

#include "clients/secret_watch.hpp"
#include "credential_link.hpp"
#include "loop/task_group.hpp"
#include "secret_supply.hpp"

#include <array>
#include <optional>

namespace alk::listend {

class SecretLink final : public SecretSupply {
 public:
  SecretLink(asio::io_context& main, bus::Connection& bus) : main_(main), bus_(bus), tasks_(main) {}

  void follow_host_key(std::function<void(Result<SecretBytes>)> told) override;
  void follow_credential(CredentialPlace place, std::string name,
                         std::function<void(Result<SecretBytes>)> told) override;
  // The bus is back: what the service manager starts on demand has to be asked for again.
  void bus_is_back();
  void stop();

 private:
  void begin();
  void state_changed(clients::SecretState state);
  void host_key_state(clients::SecretState state);
  Task<> fetch_host_key(std::uint64_t epoch);

  asio::io_context& main_;
  bus::Connection& bus_;
  std::function<void(Result<SecretBytes>)> host_key_told_;
  std::uint64_t epoch_ = 0; // moves with every change: what was asked for before it counts no more (host key)
  std::optional<clients::SecretWatch> watch_;                                // once something is followed
  std::array<std::optional<CredentialLink>, credential_places> credentials_; // likewise
  loop::TaskGroup tasks_;
};

} // namespace alk::listend
