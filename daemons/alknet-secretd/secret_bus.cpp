#include "alknet-secretd/secret_bus.hpp"

#include "alknet-secretd/policy.hpp"
#include "alknet-secretd/unlock_request.hpp"
#include "base/bytes.hpp"
#include "base/version.hpp"
#include "clients/metrics_wire.hpp"
#include "clients/secret_record.hpp"
#include "log/log.hpp"
#include "pubkey/anchor.hpp"

#include <algorithm>

namespace alk::secretd {

namespace {

using clients::record_type;
using clients::write_record;

Result<Path> read_path(bus::Message& in) {
  ALK_TRY(const std::string text, in.read_text(max_path_text));
  return parse_path(text);
}

Result<std::string> read_recipient(bus::Message& in) {
  return in.read_bytes(box_key_size);
}

} // namespace

SecretBus::SecretBus(Arena& arena, Vault& vault, PreparedKeys& prepared, Vault::Now now,
                     Surroundings surroundings)
    : arena_(arena), vault_(vault), prepared_(prepared), now_(std::move(now)),
      surroundings_(std::move(surroundings)) {}

Result<void> SecretBus::serve(bus::Connection& connection, bus::Accounts accounts) {
  accounts_ = accounts;
  ALK_TRY(object_, bus::Object::make(connection, bus_path, interface(this), std::move(accounts)));
  return {};
}

bus::Interface SecretBus::interface(SecretBus* self) {
  return {bus_name, methods(self), properties(self), {}, secret_policy};
}

std::vector<bus::Method> SecretBus::methods(SecretBus* self) {
  auto handler = [self](Result<void> (SecretBus::*member)(bus::Call&)) {
    return bus::Method::Answer([self, member](bus::Call& call) {
      auto result = (self->*member)(call);
      wipe_stack();
      self->counts_.call(call.in.member(), result);
      return result;
    });
  };
  const bus::Argument recipient{"ay", "recipient"}, path{"s", "path"}, key{"ay", "key"}, box{"ay", "box"};
  const bus::Argument record{record_type, "record"}, private_key{"ay", "private_key"};
  return {
      {"Prepare", {}, {key}, handler(&SecretBus::prepare)},
      {"Status", {}, {{"a{sv}", "status"}}, handler(&SecretBus::status)},
      {"Unlock", {key, box, {"b", "force"}}, {{"s", "identity"}}, handler(&SecretBus::unlock)},
      {"Lock", {}, {{"b", "unattended"}}, handler(&SecretBus::lock)},
      {"Generate",
       {{"u", "words"}, key, box, recipient, {"b", "force"}},
       {{"s", "identity"}, {"ay", "mnemonic"}},
       handler(&SecretBus::generate)},
      {"DeriveEd25519",
       {path, recipient},
       {{"ay", "public_key"}, private_key},
       handler(&SecretBus::derive_ed25519)},
      {"DeriveEncryptionKey",
       {path, recipient},
       {{"ay", "public_key"}, private_key},
       handler(&SecretBus::derive_encryption_key)},
      {"DeriveEthereumKey",
       {path, recipient},
       {{"ay", "public_key"}, private_key},
       handler(&SecretBus::derive_ethereum_key)},
      {"DerivePassword",
       {path, {"u", "length"}, recipient},
       {{"ay", "password"}},
       handler(&SecretBus::derive_password)},
      {"Encrypt", {key, box, {"s", "tag"}, {"u", "key_version"}}, {record}, handler(&SecretBus::encrypt)},
      {"Decrypt", {record, recipient}, {{"s", "tag"}, {"ay", "plaintext"}}, handler(&SecretBus::decrypt)},
      {"SignAnchor",
       {{"u", "version"}, {"t", "sequence"}, {"ay", "hash"}, {"t", "time"}},
       {{"ay", "public_key"}, {"ay", "signature"}},
       handler(&SecretBus::sign_anchor)},
      {"GetMetrics", {}, {{clients::metrics_type, "metrics"}}, handler(&SecretBus::get_metrics)},
      {"Rotate", {record, {"u", "to_version"}}, {{record_type, "rotated"}}, handler(&SecretBus::rotate)},
  };
}

std::vector<bus::Property> SecretBus::properties(SecretBus* self) {
  using bus::Emits;
  using bus::Message;
  return {
      {"Version", "s", Emits::Constant, [](Message& out) { out.write_text(version()); }},
      {"State", "s", Emits::Change, [self](Message& out) { out.write_text(self->state()); }},
      {"Identity", "s", Emits::Change, [self](Message& out) { out.write_text(self->vault_.identity()); }},
  };
}

Result<void> SecretBus::prepare(bus::Call& call) {
  ALK_TRY(const std::string key, prepared_.prepare(call.in.sender(), now_()));
  call.out.write_bytes(key);
  return {};
}

Result<void> SecretBus::status(bus::Call& call) {
  auto configured = surroundings_.configured_identity();
  vault_.sweep();
  call.out.write_dictionary({
      {"state", std::string(state())},
      {"identity", vault_.identity()},
      {"anchor-key", vault_.unlocked() ? pubkey::anchor_key_line(vault_.anchor_key()) : std::string()},
      {"configured-identity", configured ? *configured : std::string()},
      {"configuration-usable", configured.has_value()},
      {"unattended", surroundings_.unattended},
      {"cached-keys", static_cast<std::uint32_t>(vault_.cached_keys())},
      {"locked-memory", static_cast<std::uint64_t>(arena_.size())},
      {"used-memory", static_cast<std::uint64_t>(arena_.used())},
  });
  return {};
}

Result<LockedBytes> SecretBus::open_box(bus::Call& call, std::size_t limit) {
  ALK_TRY(const std::string key, call.in.read_bytes(box_key_size));
  ALK_TRY(const std::string box, call.in.read_bytes(limit + box_overhead));
  return prepared_.open(call.in.sender(), key, box, now_());
}

Result<void> SecretBus::unlock(bus::Call& call) {
  ALK_TRY(const LockedBytes opened, open_box(call, max_unlock_request));
  ALK_TRY(const bool force, call.in.read_bool());
  ALK_TRY(const UnlockRequest request, parse_unlock_request(opened.bytes()));
  Expectation expected;
  if (!force) {
    ALK_TRY(expected.identity, surroundings_.configured_identity());
  }
  if (auto done = vault_.unlock(request.mnemonic, request.passphrase, expected); !done) {
    log::write(log::Level::Warning, log::event::unlock_refused,
               {{"uid", std::uint64_t{call.sender_uid()}}, {"kind", kind_name(done.error().kind)}});
    return pass(std::move(done).error());
  }
  log::write(log::Level::Info, log::event::secrets_unlocked,
             {{"identity", vault_.identity()}, {"uid", std::uint64_t{call.sender_uid()}}});
  announce();
  call.out.write_text(vault_.identity());
  return {};
}

Result<void> SecretBus::lock(bus::Call& call) {
  if (vault_.unlocked()) {
    vault_.lock();
    prepared_.clear();
    log::write(log::Level::Info, log::event::secrets_locked, {{"uid", std::uint64_t{call.sender_uid()}}});
    announce();
  }
  call.out.write_bool(surroundings_.unattended);
  return {};
}

// A new seed never has the configured identity.
Result<void> SecretBus::require_identity_unset() const {
  ALK_TRY(const std::string identity, surroundings_.configured_identity());
  if (identity.empty()) return {};
  return fail(Kind::Conflict,
              "this node has an identity already ([secrets] identity): new words make it another node");
}

Result<void> SecretBus::generate(bus::Call& call) {
  ALK_TRY(const std::uint32_t words, call.in.read_u32());
  ALK_TRY(const LockedBytes opened, open_box(call, max_unlock_request));
  ALK_TRY(const std::string recipient, read_recipient(call.in));
  ALK_TRY(const bool force, call.in.read_bool());
  ALK_TRY(const UnlockRequest request, parse_unlock_request(opened.bytes()));
  if (!request.mnemonic.empty()) return fail(Kind::Invalid, "new words are made here: send none");
  if (!force) ALK_TRY_VOID(require_identity_unset());
  // Before anything is made: nobody could read the words.
  ALK_TRY_VOID(check_recipient(recipient));
  ALK_TRY(const LockedBytes mnemonic, vault_.generate(words, request.passphrase));
  ALK_TRY(const std::string box, seal(mnemonic.bytes(), recipient));
  log::write(log::Level::Info, log::event::secrets_unlocked,
             {{"identity", vault_.identity()}, {"uid", std::uint64_t{call.sender_uid()}}});
  announce();
  call.out.write_text(vault_.identity()).write_bytes(box);
  return {};
}

Result<void> SecretBus::derive(bus::Call& call, Branch branch) {
  ALK_TRY(const Path path, read_path(call.in));
  ALK_TRY(const std::string recipient, read_recipient(call.in));
  if (!may_have(key_policy, path.text(), call.sender_uid(), accounts_))
    return refuse(call, "this user may not have the key of this path");
  ALK_TRY(const DerivedKey* key, vault_.derive(branch, path));
  ALK_TRY(const std::string box, seal(key->private_key.bytes(), recipient));
  call.out.write_bytes(key->public_key).write_bytes(box);
  return {};
}

Result<void> SecretBus::derive_ed25519(bus::Call& call) {
  return derive(call, Branch::Identity);
}

Result<void> SecretBus::derive_encryption_key(bus::Call& call) {
  return derive(call, Branch::Encryption);
}

Result<void> SecretBus::derive_ethereum_key(bus::Call& call) {
  return derive(call, Branch::Ethereum);
}

Result<void> SecretBus::derive_password(bus::Call& call) {
  ALK_TRY(const Path path, read_path(call.in));
  ALK_TRY(const std::uint32_t length, call.in.read_u32());
  ALK_TRY(const std::string recipient, read_recipient(call.in));
  ALK_TRY(const LockedBytes password, vault_.derive_password(path, length));
  ALK_TRY(const std::string box, seal(password.bytes(), recipient));
  call.out.write_bytes(box);
  return {};
}

Result<void> SecretBus::encrypt(bus::Call& call) {
  ALK_TRY(const LockedBytes text, open_box(call, max_plaintext));
  ALK_TRY(const std::string tag, call.in.read_text());
  ALK_TRY(const std::uint32_t version, call.in.read_u32());
  ALK_TRY(const EncryptedData record, vault_.encrypt(tag, text.view(), version));
  write_record(call.out, record);
  return {};
}

Result<void> SecretBus::decrypt(bus::Call& call) {
  ALK_TRY(const EncryptedData record, clients::read_record<EncryptedData>(call.in));
  ALK_TRY(const std::string recipient, read_recipient(call.in));
  ALK_TRY(const Vault::Opened opened, vault_.decrypt(record));
  if (!may_have(tag_policy, opened.tag, call.sender_uid(), accounts_))
    return refuse(call, "this user may not have this credential");
  ALK_TRY(const std::string box, seal(opened.text.bytes(), recipient));
  call.out.write_text(opened.tag).write_bytes(box);
  return {};
}

Result<void> SecretBus::rotate(bus::Call& call) {
  ALK_TRY(const EncryptedData record, clients::read_record<EncryptedData>(call.in));
  ALK_TRY(const std::uint32_t version, call.in.read_u32());
  ALK_TRY(const EncryptedData rotated, vault_.rotate(record, version));
  write_record(call.out, rotated);
  return {};
}

// The message is made here, of fields: no caller chooses what a key of the node signs.
Result<void> SecretBus::sign_anchor(bus::Call& call) {
  ALK_TRY(const std::uint32_t version, call.in.read_u32());
  ALK_TRY(const std::uint64_t sequence, call.in.read_u64());
  ALK_TRY(const std::string hash, call.in.read_bytes(pubkey::anchor_hash_size));
  ALK_TRY(const std::uint64_t time, call.in.read_u64());
  if (version != pubkey::anchor_version)
    return fail(Kind::Unsupported, "this version of the audit log is not known here");
  const std::uint64_t now = surroundings_.wall_clock();
  if (std::max(now, time) - std::min(now, time) > max_anchor_skew)
    return fail(Kind::Invalid, "an anchor is signed with the time that it is");
  ALK_TRY(const std::string signature, vault_.sign_anchor(sequence, hash, time));
  call.out.write_bytes(vault_.anchor_key()).write_bytes(signature);
  return {};
}

Result<void> SecretBus::get_metrics(bus::Call& call) {
  vault_.sweep();
  clients::write_metrics(call.out, counts_.metrics({vault_.unlocked(), surroundings_.unattended,
                                                    vault_.cached_keys(), arena_.size(), arena_.used()}));
  return {};
}

Failure SecretBus::refuse(const bus::Call& call, const char* why) const {
  log::write(log::Level::Warning, log::event::secret_refused,
             {{"member", call.in.member()}, {"uid", std::uint64_t{call.sender_uid()}}});
  return fail(Kind::Denied, why);
}

void SecretBus::announce() {
  if (auto told = object_->changed({"State", "Identity"}); !told) log::error(told.error().describe());
}

} // namespace alk::secretd
