// The client's side of an SSH connection: key exchange, the host key question, public-key login, direct-tcpip
// channels.
//
// Our identification line leaves with the first pump(), before the server says anything: a stealth listener
// stays silent until it has seen ours.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "ssh/connection.hpp"
#include "ssh/host_verdict.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace alk::ssh {

class AgentGate;
class Identity;
class ClientSession;

// How a session ended. An outcome: the owner decides what to say and whether to try again.
enum class ClientEnd {
  Unreachable,    // before the keys were exchanged: no SSH server, no common algorithm, or the stream broke
  HostKeyRefused, // on_host_key said no
  LoginRefused,   // the server does not take the key
  LoginFailed,    // broke during the login
  Lost,           // after the login: the stream ended or the protocol was violated
  Closed,         // we ended it
};

// Why a channel was not opened (RFC 4254 section 5.1), as far as the server tells.
enum class OpenFailure {
  Prohibited,    // 1; also all that libssh servers can say
  Refused,       // 2, and the server's words say that the port is closed (OpenSSH does)
  ConnectFailed, // 2
  Other,         // 3 unknown type, 4 resource shortage, anything else
  SessionOver,
};

class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // Answer at once or later, on the session's loop. Nothing is sent before the answer; the login follows it.
  virtual void on_host_key(const PresentedKey& key, std::function<void(HostKeyAnswer)> answer) = 0;
  virtual void on_open() = 0; // logged in
  // Last call. `detail` is for people; what the server said in it is escaped.
  virtual void on_ended(ClientEnd end, const std::string& detail) = 0;
};

// A channel that the server has confirmed and nobody uses yet. Closed on destruction unless it was spliced.
class OpenChannel {
 public:
  OpenChannel() = default;
  OpenChannel(OpenChannel&& other) noexcept;
  OpenChannel& operator=(OpenChannel&& other) noexcept;
  ~OpenChannel();

  // Moves data between the channel and `stream` until both are done.
  void splice(std::unique_ptr<net::Stream> stream);

 private:
  friend class ClientSession;
  OpenChannel(std::weak_ptr<ClientSession> session, std::uint64_t id)
      : session_(std::move(session)), id_(id) {}
  std::weak_ptr<ClientSession> session_;
  std::uint64_t id_ = 0;
};

// host and port as the server shall see them: a name stays a name.
struct OpenRequest {
  std::string host;
  std::uint16_t port = 0;
  std::string originator = "127.0.0.1"; // RFC 4254 section 7.2
  std::uint16_t originator_port = 0;
};

using Opened = tl::expected<OpenChannel, OpenFailure>;

class ClientSession final : public Connection {
 public:
  // Errors: Gone (the agent that holds the key went away), Broken. `events` must outlive the session or
  // detach() it.
  static Result<std::shared_ptr<ClientSession>> make(asio::io_context& loop,
                                                     std::unique_ptr<net::Stream> stream,
                                                     const Identity& identity, const std::string& user,
                                                     ClientEvents& events);
  ~ClientSession() override;

  bool authenticated() const { return phase_ == Phase::Open; }
  // Says goodbye ("shutdown") and ends as Closed.
  void close();
  void detach() { events_ = nullptr; }

  // `answer` comes exactly once, from the loop, also when the session ends first. A session that is not
  // logged in answers SessionOver.
  void open(OpenRequest request, std::function<void(Opened)> answer);

 private:
  friend class OpenChannel;
  enum class Phase { KeyExchange, HostKey, Login, Open };
  struct Opening;

  ClientSession(asio::io_context& loop, std::unique_ptr<net::Stream> stream, ssh_session_struct* session,
                const Identity& identity, ClientEvents& events);
  bool step() override;
  void ended() override;
  int log_level() const override;
  void log_line(int level, const char* text) override;

  bool exchange_keys();
  void ask_about_host_key();
  bool log_in();
  void end_with(ClientEnd end);
  void refuse_requests();
  bool advance_openings();
  bool advance(std::uint64_t id);
  bool free_discarded();
  void settle(std::uint64_t id, Opened opened);
  void use(std::uint64_t id, std::unique_ptr<net::Stream> stream);
  void discard(std::uint64_t id);
  std::string detail() const;

  ClientEvents* events_;
  const Identity& identity_; // used until the login is over
  std::unique_ptr<AgentGate> agent_gate_;
  Fd placeholder_; // until libssh has it
  Phase phase_ = Phase::KeyExchange;
  ClientEnd end_ = ClientEnd::Unreachable;
  bool end_settled_ = false;
  bool host_key_due_ = false;

  std::unordered_map<std::uint64_t, std::unique_ptr<Opening>>
      openings_;                          // asked for, or open and not yet used
  std::vector<std::uint64_t> unanswered_; // of those, in order
  std::vector<std::uint64_t> discarded_;
  std::uint64_t next_opening_ = 1;
  std::uint64_t seen_bytes_ = 0; // bytes_received() when unanswered openings were last looked at
  bool fresh_openings_ = false;
};

} // namespace alk::ssh
