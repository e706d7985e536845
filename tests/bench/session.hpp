// One connection of the light client: plain libssh on a nonblocking socket, one cipher, one key exchange,
// TCP_NODELAY; no host key check. Every failure ends the program with a sentence.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void die(const std::string& what);

// "name=value" arguments.
class Arguments {
 public:
  Arguments(int argc, char** argv, int first);
  std::string text(const std::string& name) const; // must be there
  std::string text(const std::string& name, const std::string& otherwise) const;
  std::uint64_t number(const std::string& name, std::uint64_t otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

// Where and as whom; shared by all sessions of a program.
struct Access {
  explicit Access(const Arguments& arguments);
  std::string host;
  std::uint16_t port;
  std::string user;
  std::string cipher;
  std::uint16_t target; // port on 127.0.0.1 that channels lead to
  bool tls;             // inside TLS
  std::shared_ptr<ssh_key_struct> key;
};

int connect_tcp(const std::string& host, std::uint16_t port);

// What the target reads first: an operation (see target.cpp) and a count.
std::string request(char operation, std::uint64_t count);

class Session;

class Channel {
 public:
  explicit Channel(Session& session);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool open(); // blocks until confirmed; false when refused
  void end();  // sends EOF and CLOSE, waits for the peer's CLOSE
  ssh_channel handle() const { return handle_; }
  std::uint64_t received() const { return received_; }
  void take_nothing() { taking_ = false; } // from now on the window is not given back
  // What the window and the socket take now, at most `size`.
  std::size_t write(const char* data, std::size_t size);
  void write_all(const std::string& text);

 private:
  Session& session_;
  ssh_channel handle_;
  ssh_channel_callbacks_struct callbacks_{};
  std::uint64_t received_ = 0;
  bool taking_ = true;
  bool closed_ = false;
};

class Session {
 public:
  explicit Session(const Access& access); // connected and authenticated when it returns
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Access& access() const { return access_; }
  ssh_session handle() const { return session_; }
  int descriptor() const { return descriptor_; }
  // Waits until something happens, at most `milliseconds`, and lets libssh work.
  void work(int milliseconds);
  bool output_pending() const { return (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0; }
  std::string error() const { return ssh_get_error(session_); }

 private:
  const Access& access_;
  ssh_session session_;
  int descriptor_;
  ssh_event event_ = nullptr; // made when it is first needed
};

} // namespace bench
