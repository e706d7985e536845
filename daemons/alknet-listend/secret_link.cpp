#include "secret_link.hpp"

#include "ssh/derived_key.hpp"

namespace alk::listend {

namespace {
constexpr const char* host_key_path = "m/74'/0'/1'/0'"; // the only one that this user may have
// After an answer that is neither the key nor "locked".
constexpr std::chrono::seconds pause_after_failure{2};
} // namespace

void SecretLink::begin() {
  if (watch_) return;
  watch_.emplace(bus_);
  watch_->on_state([this](clients::SecretState state) { state_changed(state); });
  watch_->wake();
}

void SecretLink::follow_host_key(std::function<void(Result<SecretBytes>)> told) {
  begin();
  host_key_told_ = std::move(told);
  host_key_state(watch_->state());
}

void SecretLink::follow_credential(CredentialPlace place, std::string name,
                                   std::function<void(Result<SecretBytes>)> told) {
  begin();
  auto& link = credentials_.at(place);
  if (!link) link.emplace(main_, bus_, *watch_);
  link->follow(std::move(name), std::move(told));
}

void SecretLink::bus_is_back() {
  if (watch_) watch_->wake();
}

void SecretLink::state_changed(clients::SecretState state) {
  if (host_key_told_) host_key_state(state);
  for (auto& link : credentials_)
    if (link) link->secrets_changed();
}

void SecretLink::stop() {
  tasks_.cancel();
  for (auto& link : credentials_)
    if (link) link->stop();
}

void SecretLink::host_key_state(clients::SecretState state) {
  ++epoch_;
  if (state == clients::SecretState::Unlocked)
    tasks_.spawn("fetch host key", fetch_host_key(epoch_));
  else
    host_key_told_(secrets_unavailable(state));
}

// "Locked" means that the word of it is on its way.
Task<> SecretLink::fetch_host_key(std::uint64_t epoch) {
  asio::steady_timer timer(main_);
  while (epoch == epoch_) {
    auto key = co_await watch_->derive_ed25519(host_key_path);
    if (epoch != epoch_) co_return;
    if (key) co_return host_key_told_(ssh::openssh_private_key(key->public_key, key->seed));
    if (key.error().kind == Kind::Locked) co_return;
    host_key_told_(fail(key.error().kind, "alknet-secretd does not give it: " + key.error().what));
    timer.expires_after(pause_after_failure);
    co_await timer.async_wait(loop::as_value);
  }
}

} // namespace alk::listend
