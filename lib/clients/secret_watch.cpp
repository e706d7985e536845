#include "clients/secret_watch.hpp"

#include "clients/destinations.hpp"
#include "clients/hop.hpp"
#include "log/log.hpp"

#include <utility>

namespace alk::clients {

static constexpr bus::Destination properties{secret_daemon.name, secret_daemon.path,
                                             "org.freedesktop.DBus.Properties"};

static constexpr std::uint32_t rows_version = 1; // of the audit log

static constexpr std::chrono::milliseconds pause_before_asking_again{1000};

static SecretState state_of(std::string_view word) {
  return word == "unlocked" ? SecretState::Unlocked : SecretState::Locked;
}

// Its callbacks come in the order in which the bus delivered what they are about.
SecretWatch::SecretWatch(bus::Connection& connection) : connection_(connection), again_(connection.loop()) {
  watch_ = connection_.watch_name(secret_daemon.name, [this](bool now) { present(now); });
  changed_ = connection_.match_signal(properties, "PropertiesChanged", [this](bus::Message& message) {
    auto interface = message.read_text();
    auto values = interface ? message.read_dictionary() : pass(std::move(interface).error());
    if (!values || *interface != secret_daemon.interface) return;
    if (const auto* word = bus::find<std::string>(*values, "State")) take(state_of(*word));
  });
}

void SecretWatch::present(bool now) {
  present_ = now;
  if (now) return ask_state(bus::AutoStart::No);
  again_.cancel();
  take(SecretState::Absent);
}

void SecretWatch::wake() {
  ask_state(bus::AutoStart::Yes);
}

void SecretWatch::ask_state(bus::AutoStart start) {
  auto call = connection_.make_call(properties, "Get", start);
  if (call) call.write_text(secret_daemon.interface).write_text("State");
  auto answered = [this, alive = std::weak_ptr(alive_)](Result<bus::Message> reply) {
    if (alive.expired()) return;
    auto value = reply ? reply->read_value() : Result<bus::Value>(pass(std::move(reply).error()));
    if (!value) return ask_again(value.error());
    if (const auto* word = std::get_if<std::string>(&*value)) take(state_of(*word));
  };
  connection_.call(std::move(call), derive_deadline, std::move(answered));
}

void SecretWatch::ask_again(const Error& error) {
  log::debug("alknet-secretd does not say its state: " + error.describe());
  if (!present_) return;
  again_.expires_after(pause_before_asking_again);
  again_.async_wait([this](std::error_code cancelled) {
    if (!cancelled && present_) ask_state(bus::AutoStart::No);
  });
}

void SecretWatch::take(SecretState state) {
  if (state == std::exchange(state_, state)) return;
  if (on_state_) on_state_(state);
}

template <class T>
Task<Result<T>> SecretWatch::ask(const char* member, std::function<void(bus::Message&)> fill,
                                 std::function<Result<T>(bus::Message&)> decode) {
  std::function<void(Done<T>)> start = [this, member, fill = std::move(fill),
                                        decode = std::move(decode)](Done<T> done) {
    auto call = connection_.make_call(secret_daemon, member, bus::AutoStart::No);
    if (call) fill(call);
    connection_.call(std::move(call), derive_deadline, [decode, done](Result<bus::Message> reply) {
      if (reply)
        done(decode(*reply));
      else
        done(pass(std::move(reply).error()));
    });
  };
  return on_bus<T>(connection_.loop(), std::move(start));
}

Task<Result<SecretWatch::Key>> SecretWatch::derive_ed25519(std::string path) {
  auto mine = std::make_shared<OneTimeKey>();
  std::function<void(bus::Message&)> fill = [mine, path = std::move(path)](bus::Message& call) {
    call.write_text(path).write_bytes(mine->public_key());
  };
  std::function<Result<Key>(bus::Message&)> decode = [mine](bus::Message& reply) -> Result<Key> {
    ALK_TRY(std::string public_key, reply.read_bytes());
    ALK_TRY(const std::string box, reply.read_bytes());
    ALK_TRY(SecretBytes seed, mine->open(box));
    if (public_key.size() != 32 || seed.size() != 32) return fail(Kind::Broken, "this is no Ed25519 key");
    return Key{std::move(public_key), std::move(seed)};
  };
  return ask<Key>("DeriveEd25519", std::move(fill), std::move(decode));
}

Task<Result<SecretBytes>> SecretWatch::decrypt(EncryptedRecord record) {
  auto mine = std::make_shared<OneTimeKey>();
  std::function<void(bus::Message&)> fill = [mine, record = std::move(record)](bus::Message& call) {
    write_record(call, record);
    call.write_bytes(mine->public_key());
  };
  std::function<Result<SecretBytes>(bus::Message&)> decode =
      [mine](bus::Message& reply) -> Result<SecretBytes> {
    ALK_TRY_VOID(reply.read_text().map([](const std::string&) {})); // the tag, which the service has judged
    ALK_TRY(const std::string box, reply.read_bytes());
    return mine->open(box);
  };
  return ask<SecretBytes>("Decrypt", std::move(fill), std::move(decode));
}

static Result<SecretWatch::AnchorSignature> read_signature(bus::Message& reply) {
  ALK_TRY(std::string public_key, reply.read_bytes(32));
  ALK_TRY(std::string signature, reply.read_bytes(64));
  if (public_key.size() != 32 || signature.size() != 64)
    return fail(Kind::Broken, "this is no signature of Ed25519");
  return SecretWatch::AnchorSignature{std::move(public_key), std::move(signature)};
}

void SecretWatch::sign_anchor(std::uint64_t sequence, const std::string& hash, std::uint64_t time,
                              std::chrono::milliseconds patience,
                              std::function<void(Result<AnchorSignature>)> done) {
  auto call = connection_.make_call(secret_daemon, "SignAnchor", bus::AutoStart::No);
  if (call) call.write_u32(rows_version).write_u64(sequence).write_bytes(hash).write_u64(time);
  auto answered = [alive = std::weak_ptr(alive_), done = std::move(done)](Result<bus::Message> reply) {
    if (alive.expired()) return;
    done(reply ? read_signature(*reply) : pass(std::move(reply).error()));
  };
  connection_.call(std::move(call), patience, std::move(answered));
}

} // namespace alk::clients
