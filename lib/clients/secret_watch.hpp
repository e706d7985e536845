// org.alknet.Secret1 as alknet-listend and alknet-stored see it: whether it is unlocked, and what this user
// may have of it while it is. Secrets come as sealed boxes to a key of one use.
#pragma once

#include "bus/connection.hpp"
#include "clients/sealed_box.hpp"
#include "clients/secret_record.hpp"
#include "loop/asio.hpp"

#include <chrono>

namespace alk::clients {

// One derivation costs under a millisecond; the machine may be busy.
inline constexpr std::chrono::milliseconds derive_deadline{5000};

enum class SecretState {
  Absent, // nobody owns the name, or its owner does not say
  Locked,
  Unlocked,
};

// Belongs to the connection's loop; its coroutines may be awaited from any loop. The connection must outlive
// it, and it must outlive every wait.
class SecretWatch {
 public:
  explicit SecretWatch(bus::Connection& connection);

  SecretState state() const { return state_; } // on the connection's loop only
  // Called on the connection's loop, at every change; a service that comes anew was absent in between.
  void on_state(std::function<void(SecretState)> callback) { on_state_ = std::move(callback); }
  // Has the bus start the service when it does not run, once; an administrator's stop is left alone.
  void wake();

  struct Key {
    std::string public_key; // 32 bytes
    SecretBytes seed;       // 32 bytes, RFC 8032
  };
  // Locked, Denied (not a path of this user), Gone.
  Task<Result<Key>> derive_ed25519(std::string path);
  // Locked, Denied (another's tag), Invalid, Gone.
  Task<Result<SecretBytes>> decrypt(EncryptedRecord record);

  struct AnchorSignature {
    std::string public_key; // 32 bytes
    std::string signature;  // 64 bytes
  };
  // What lib/pubkey/anchor.hpp describes; `hash` has 32 bytes. On the connection's loop alone; `done` is
  // called once within `patience`, unless this ends before. Locked, Denied, Invalid (the time), Gone.
  void sign_anchor(std::uint64_t sequence, const std::string& hash, std::uint64_t time,
                   std::chrono::milliseconds patience, std::function<void(Result<AnchorSignature>)> done);

 private:
  template <class T>
  Task<Result<T>> ask(const char* member, std::function<void(bus::Message&)> fill,
                      std::function<Result<T>(bus::Message&)> decode);
  void present(bool now);
  void ask_state(bus::AutoStart start);
  void ask_again(const Error& error);
  void take(SecretState state);

  bus::Connection& connection_;
  SecretState state_ = SecretState::Absent;
  bool present_ = false;
  asio::steady_timer again_;
  std::function<void(SecretState)> on_state_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  bus::Slot watch_;
  bus::Slot changed_;
};

} // namespace alk::clients
