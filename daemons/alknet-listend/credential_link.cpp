#include "credential_link.hpp"

namespace alk::listend {

namespace {
// Accounts may change many times a second, and any change may be the one of this credential.
constexpr std::chrono::milliseconds credential_pause{100};
} // namespace

Failure secrets_unavailable(clients::SecretState state) {
  if (state == clients::SecretState::Locked) return fail(Kind::Locked, "alknet-secretd is locked");
  return fail(Kind::Gone, "alknet-secretd does not run");
}

CredentialLink::CredentialLink(asio::io_context& main, bus::Connection& bus, clients::SecretWatch& secrets,
                               std::chrono::milliseconds pause)
    : main_(main), secrets_(secrets), pause_(pause), store_(bus), tasks_(main) {
  store_.on_changed([this] { look(); });
}

void CredentialLink::follow(std::string name, Told told) {
  name_ = std::move(name);
  told_ = std::move(told);
  begin();
}

void CredentialLink::secrets_changed() {
  begin();
}

void CredentialLink::begin() {
  ++epoch_;
  have_.reset();
  if (name_.empty()) return;
  if (secrets_.state() == clients::SecretState::Unlocked) return look();
  told_(secrets_unavailable(secrets_.state()));
}

void CredentialLink::look() {
  if (name_.empty() || secrets_.state() != clients::SecretState::Unlocked) return;
  changed_ = true;
  if (busy_ == epoch_) return;
  busy_ = epoch_;
  tasks_.spawn("follow credential", keep_up(epoch_));
}

Task<> CredentialLink::keep_up(std::uint64_t epoch) {
  asio::steady_timer timer(main_);
  while (changed_) {
    changed_ = false;
    const Next next = co_await fetch(epoch);
    if (epoch != epoch_) co_return;
    if (next == Next::AskAgain) changed_ = true;
    timer.expires_after(next == Next::AskAgain ? pause_ : credential_pause);
    co_await timer.async_wait(loop::as_value);
    if (epoch != epoch_) co_return;
  }
  busy_ = 0;
}

CredentialLink::Next CredentialLink::give_up(Error error) {
  have_.reset();
  told_(fail(error.kind, std::move(error.what)));
  return Next::Wait;
}

// What is there stays while nobody says that it is not what it was.
Task<CredentialLink::Next> CredentialLink::fetch(std::uint64_t epoch) {
  auto record = co_await store_.credential(name_);
  if (epoch != epoch_) co_return Next::Wait;
  if (!record) {
    const Kind kind = record.error().kind;
    if (kind == Kind::NotFound) co_return give_up({kind, "there is no such credential", {}, {}});
    if (kind == Kind::Denied) co_return give_up({kind, "it is kept for another program", {}, {}});
    if (!have_) told_(fail(kind, "alknet-stored does not give it: " + record.error().what));
    co_return Next::AskAgain;
  }
  if (have_ == *record) co_return Next::Wait;
  auto secret = co_await secrets_.decrypt(*record);
  if (epoch != epoch_) co_return Next::Wait;
  if (secret) {
    have_ = std::move(*record);
    told_(std::move(secret));
    co_return Next::Wait;
  }
  const Kind kind = secret.error().kind;
  if (kind == Kind::Locked) co_return Next::Wait; // the word of it is on its way
  if (kind == Kind::Denied || kind == Kind::Invalid)
    co_return give_up({kind, "alknet-secretd does not open it: " + secret.error().what, {}, {}});
  if (!have_) told_(fail(kind, "alknet-secretd does not open it: " + secret.error().what));
  co_return Next::AskAgain;
}

} // namespace alk::listend
