#include "clients/secret_client.hpp"

#include "clients/destinations.hpp"

namespace alk::clients {

Result<bus::Message> SecretClient::ask(const char* member, const std::function<void(bus::Message&)>& fill) {
  auto call = connection_.make_call(secret_daemon, member, bus::AutoStart::Yes);
  if (fill) fill(call);
  return connection_.call(std::move(call), secret_deadline);
}

Result<SecretClient::Sealed> SecretClient::seal(std::string_view text) {
  ALK_TRY(auto reply, ask("Prepare"));
  ALK_TRY(std::string key, reply.read_bytes());
  ALK_TRY(std::string box, seal_to(key, text));
  return Sealed{std::move(key), std::move(box)};
}

Result<SecretStatus> SecretClient::status() {
  ALK_TRY(auto reply, ask("Status"));
  ALK_TRY(auto all, reply.read_dictionary());
  SecretStatus status;
  auto take = [&](const char* name, auto& target) {
    if (const auto* value = bus::find<std::decay_t<decltype(target)>>(all, name)) target = *value;
  };
  std::string state;
  take("state", state);
  status.unlocked = state == "unlocked";
  take("identity", status.identity);
  take("anchor-key", status.anchor_key);
  take("configured-identity", status.configured_identity);
  take("configuration-usable", status.configuration_usable);
  take("unattended", status.unattended);
  take("cached-keys", status.cached_keys);
  take("locked-memory", status.locked_memory);
  return status;
}

Result<std::string> SecretClient::unlock(SecretBytes request, Force force) {
  ALK_TRY(const Sealed sealed, seal(request.view()));
  request.wipe();
  ALK_TRY(auto reply, ask("Unlock", [&](bus::Message& call) {
            call.write_bytes(sealed.key).write_bytes(sealed.box).write_bool(force == Force::Yes);
          }));
  return reply.read_text();
}

Result<bool> SecretClient::lock() {
  ALK_TRY(auto reply, ask("Lock"));
  return reply.read_bool();
}

Result<SecretClient::Generated> SecretClient::generate(std::uint32_t words, SecretBytes passphrase,
                                                       Force force) {
  SecretBytes request = unlock_request("", passphrase.view());
  passphrase.wipe();
  ALK_TRY(const Sealed sealed, seal(request.view()));
  request.wipe();
  const OneTimeKey mine;
  ALK_TRY(auto reply, ask("Generate", [&](bus::Message& call) {
            call.write_u32(words).write_bytes(sealed.key).write_bytes(sealed.box);
            call.write_bytes(mine.public_key()).write_bool(force == Force::Yes);
          }));
  ALK_TRY(std::string identity, reply.read_text());
  ALK_TRY(const std::string box, reply.read_bytes());
  ALK_TRY(SecretBytes mnemonic, mine.open(box));
  return Generated{std::move(identity), std::move(mnemonic)};
}

static const char* member_of(KeyType type) {
  switch (type) {
  case KeyType::Ed25519: return "DeriveEd25519";
  case KeyType::Aes256: return "DeriveEncryptionKey";
  case KeyType::Secp256k1: return "DeriveEthereumKey";
  }
  return "";
}

Result<SecretClient::Key> SecretClient::derive(KeyType type, const std::string& path) {
  const OneTimeKey mine;
  ALK_TRY(auto reply, ask(member_of(type),
                          [&](bus::Message& call) { call.write_text(path).write_bytes(mine.public_key()); }));
  ALK_TRY(std::string public_key, reply.read_bytes());
  ALK_TRY(const std::string box, reply.read_bytes());
  ALK_TRY(SecretBytes private_key, mine.open(box));
  return Key{std::move(public_key), std::move(private_key)};
}

Result<SecretBytes> SecretClient::password(const std::string& path, std::uint32_t length) {
  const OneTimeKey mine;
  ALK_TRY(auto reply, ask("DerivePassword", [&](bus::Message& call) {
            call.write_text(path).write_u32(length).write_bytes(mine.public_key());
          }));
  ALK_TRY(const std::string box, reply.read_bytes());
  return mine.open(box);
}

Result<EncryptedRecord> SecretClient::encrypt(std::string_view text, const std::string& tag,
                                              std::uint32_t key_version) {
  ALK_TRY(const Sealed sealed, seal(text));
  ALK_TRY(auto reply, ask("Encrypt", [&](bus::Message& call) {
            call.write_bytes(sealed.key).write_bytes(sealed.box).write_text(tag).write_u32(key_version);
          }));
  return read_record<EncryptedRecord>(reply);
}

Result<SecretClient::Decrypted> SecretClient::decrypt(const EncryptedRecord& record) {
  const OneTimeKey mine;
  ALK_TRY(auto reply, ask("Decrypt", [&](bus::Message& call) {
            write_record(call, record);
            call.write_bytes(mine.public_key());
          }));
  ALK_TRY(std::string tag, reply.read_text());
  ALK_TRY(const std::string box, reply.read_bytes());
  ALK_TRY(SecretBytes text, mine.open(box));
  return Decrypted{std::move(tag), std::move(text)};
}

Result<EncryptedRecord> SecretClient::rotate(const EncryptedRecord& record, std::uint32_t to_version) {
  ALK_TRY(auto reply, ask("Rotate", [&](bus::Message& call) {
            write_record(call, record);
            call.write_u32(to_version);
          }));
  return read_record<EncryptedRecord>(reply);
}

} // namespace alk::clients
