// The server's side of an SSH connection: key exchange, public-key authentication, direct-tcpip channels. It
// decides nothing: every question goes to ServerEvents, which may answer at once or later, on the
// connection's loop.
#pragma once

#include "ssh/connection.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct ssh_message_struct;

namespace alk::ssh {

class HostKey;

struct KeyOffer {
  std::string user;
  std::string blob;        // SSH wire encoding (RFC 4253 section 6.6), as sent
  std::string fingerprint; // "SHA256:" + unpadded base64
  bool signed_login =
      false; // false: the client only asks whether the key would do. The signature has been checked.
};

enum class KeyVerdict { Accept, Reject };

// Authentication requests that never become a KeyOffer. All of them have failed already.
enum class SilentRequest {
  WrongSignature, // a public key with a signature that does not verify, or is of a type that we did not offer
  UnparsableKey,
  Gssapi,
  OtherMethod, // password, keyboard-interactive, hostbased: answered with a failure
};

enum class RefusedRequest { Channel, RemoteForward, ChannelRequest };

class ServerEvents {
 public:
  virtual ~ServerEvents() = default;
  virtual void on_key(const KeyOffer& offer, std::function<void(KeyVerdict)> answer) = 0;
  virtual void on_silent_request(SilentRequest request, const std::string& user) = 0;
  virtual void on_authenticated(const KeyOffer& offer) = 0;
  // answer(stream) confirms the channel and splices it; answer(nullptr) refuses it.
  virtual void on_open(const std::string& host, std::uint16_t port,
                       std::function<void(std::unique_ptr<net::Stream>)> answer) = 0;
  virtual void on_refused(RefusedRequest request) = 0; // already refused: for the log
  virtual void on_ended() = 0;
};

class ServerSession final : public Connection {
 public:
  // `early_input`: what was already read from the stream. The session starts with the first pump().
  static std::shared_ptr<ServerSession> make(asio::io_context& loop, std::unique_ptr<net::Stream> stream,
                                             const HostKey& host_key, ServerEvents& events,
                                             std::string early_input, std::uint32_t max_channels);
  ~ServerSession() override;

  bool authenticated() const { return phase_ == Phase::Open; }
  // The events go nowhere from now on; for an owner that dies first.
  void detach() { events_ = nullptr; }

 private:
  enum class Phase { KeyExchange, Authentication, Open };
  struct Opening;

  ServerSession(asio::io_context& loop, std::unique_ptr<net::Stream> stream, ssh_session_struct* session,
                ServerEvents& events, std::uint32_t max_channels);
  bool step() override;
  void ended() override;
  bool holds_input() const override { return answer_due_; }
  int log_level() const override;
  void log_line(int level, const char* text) override;

  bool exchange_keys();
  bool take_messages();
  void handle(ssh_message_struct* message);
  void handle_service(ssh_message_struct* message);
  void handle_auth(ssh_message_struct* message);
  bool apply_verdict();
  void handle_open(ssh_message_struct* message);
  bool finish_openings();
  void report_silent_requests();

  ServerEvents* events_;
  Phase phase_ = Phase::KeyExchange;
  std::uint32_t max_channels_;

  // Authentication: one request at a time; no input is taken while its answer is due.
  bool answer_due_ = false;
  std::unique_ptr<ssh_message_struct, void (*)(ssh_message_struct*)> auth_message_;
  std::unique_ptr<KeyOffer> offer_;
  bool verdict_ready_ = false;
  KeyVerdict verdict_ = KeyVerdict::Reject;

  // What libssh's log said about authentication requests, against what came out of its queue.
  unsigned requests_logged_ = 0;
  unsigned requests_taken_ = 0;
  bool bad_signature_logged_ = false;
  std::string logged_method_;
  std::string logged_user_;

  std::unordered_map<std::uint64_t, std::unique_ptr<Opening>> openings_;
  std::vector<std::uint64_t> decided_;
  std::uint64_t next_opening_ = 1;
};

} // namespace alk::ssh
