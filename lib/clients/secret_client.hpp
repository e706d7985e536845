// org.alknet.Secret1 for command-line tools: one call at a time, every secret in and out as a sealed box.
#pragma once

#include "base/secret_bytes.hpp"
#include "bus/blocking.hpp"
#include "clients/sealed_box.hpp"
#include "clients/secret_record.hpp"

namespace alk::clients {

// A person may have to answer polkit meanwhile.
inline constexpr std::chrono::milliseconds secret_deadline{65000};

struct SecretStatus {
  bool unlocked = false;
  std::string identity; // fingerprint; empty while locked
  std::string
      anchor_key; // as an OpenSSH line, of the key that signs the ends of the audit log; empty while locked
  std::string configured_identity; // [secrets] identity; empty: none
  bool configuration_usable = true;
  bool unattended = false; // an enrolled credential unlocks at every start
  std::uint32_t cached_keys = 0;
  std::uint64_t locked_memory = 0; // bytes
};

enum class Force { No, Yes };
enum class KeyType { Ed25519, Aes256, Secp256k1 };

// Errors: what contracts/org.alknet.Secret1.xml says for each member; Gone when the service is not there.
class SecretClient {
 public:
  explicit SecretClient(bus::BlockingConnection& connection) : connection_(connection) {}

  Result<SecretStatus> status();
  // `request` as unlock_request() makes it; wiped before the call, whose answer may take a while. The
  // identity.
  Result<std::string> unlock(SecretBytes request, Force force);
  Result<bool> lock(); // whether an enrolled credential is still there
  struct Generated {
    std::string identity;
    SecretBytes mnemonic;
  };
  Result<Generated> generate(std::uint32_t words, SecretBytes passphrase, Force force); // wiped, too
  struct Key {
    std::string public_key;
    SecretBytes private_key;
  };
  Result<Key> derive(KeyType type, const std::string& path);
  Result<SecretBytes> password(const std::string& path, std::uint32_t length);
  Result<EncryptedRecord> encrypt(std::string_view text, const std::string& tag, std::uint32_t key_version);
  struct Decrypted {
    std::string tag;
    SecretBytes text;
  };
  Result<Decrypted> decrypt(const EncryptedRecord& record);
  Result<EncryptedRecord> rotate(const EncryptedRecord& record, std::uint32_t to_version);

 private:
  Result<bus::Message> ask(const char* member, const std::function<void(bus::Message&)>& fill = nullptr);
  struct Sealed {
    std::string key, box;
  };
  Result<Sealed> seal(std::string_view secret); // to a key that is prepared for it

  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
