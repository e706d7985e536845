// org.alknet.Auth1 as alknet-listend sees it. Every call has a deadline; without an answer it fails with
// Gone, and the caller refuses what it wanted to allow.
#pragma once

#include "base/identity.hpp"
#include "bus/blocking.hpp"
#include "bus/connection.hpp"

#include <chrono>

namespace alk::clients {

inline constexpr std::chrono::milliseconds login_deadline{5000}; // well inside limits.login_grace_time
inline constexpr std::chrono::milliseconds reload_deadline{
    5000}; // a prepared transaction expires after that, too

struct PeerFacts {
  std::string address; // literal, may be empty
  std::uint16_t port = 0;
  std::string transport; // config::transport_name
};

struct LoginRequest {
  std::string key;  // SSH wire encoding, at most 16 KiB
  std::string user; // as the peer sent it; bytes that are not UTF-8 are escaped on the way
  PeerFacts peer;
};

struct Login {
  bool accepted = false;
  std::string reason; // one word for the log, when refused
  Identity identity;  // empty when refused
  Constraints constraints;
};

// The bus properties.
struct AuthStatus {
  std::string version;
  std::uint64_t generation = 0;
  std::string config_digest;
  std::uint32_t key_count = 0;
  std::uint32_t certificate_authority_count = 0;
  std::vector<std::string> warnings;
  std::string accounts = "off"; // on, unavailable; what an older one does not say
};

// Belongs to the connection's loop; its coroutines may be awaited from any loop. The connection must outlive
// it, and it must outlive every wait.
class AuthClient {
 public:
  explicit AuthClient(bus::Connection& connection);

  // Unsupported: the answer holds a constraint that is not known here. Refuse the login on any error.
  Task<Result<Login>> verify_public_key(LoginRequest request,
                                        std::chrono::milliseconds timeout = login_deadline);
  // What a login by the key of this fingerprint would get.
  Task<Result<Login>> lookup_credential(std::string fingerprint,
                                        std::chrono::milliseconds timeout = login_deadline);
  // Any number of ids: asks in portions of what the contract allows.
  Task<Result<std::vector<std::string>>> find_revoked(std::vector<std::string> ids);

  Task<Result<std::string>> prepare(std::uint64_t transaction);  // its digest
  Task<Result<std::uint64_t>> commit(std::uint64_t transaction); // the generation
  Task<Result<void>> abort(std::uint64_t transaction);
  Task<Result<AuthStatus>> status(std::chrono::milliseconds timeout = reload_deadline);

  bool available() const { return available_; } // somebody owns the name; on the connection's loop only
  // Called on the connection's loop, at every change.
  void on_available(std::function<void(bool)> callback) { on_available_ = std::move(callback); }
  void on_changed(std::function<void(std::uint64_t generation, std::vector<std::string> revoked)> callback);

 private:
  template <class T>
  Task<Result<T>> ask(const char* member, std::function<void(bus::Message&)> fill,
                      std::function<Result<T>(bus::Message&)> decode, std::chrono::milliseconds timeout);
  void present(bool present);

  bus::Connection& connection_;
  bool available_ = false;
  std::function<void(bool)> on_available_;
  std::function<void(std::uint64_t, std::vector<std::string>)> on_changed_;
  bus::Slot watch_;
  bus::Slot changed_;
};

// What a token is good for, when it is presented from `address` ("" = unknown). No event loop: for
// command-line tools. A refusal is an answer: Login::accepted.
Result<Login> verify_token(bus::BlockingConnection& connection, std::string_view token,
                           const std::string& address);

// As AuthClient::lookup_credential().
Result<Login> lookup_credential(bus::BlockingConnection& connection, const std::string& fingerprint);

} // namespace alk::clients
