#include "session.hpp"

#include "tls_end.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {
constexpr const char* key_exchange = "curve25519-sha256";
constexpr const char* mac = "hmac-sha2-256-etm@openssh.com"; // used by neither of the two ciphers
} // namespace

void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::_Exit(1);
}

Arguments::Arguments(int argc, char** argv, int first) {
  for (int i = first; i < argc; ++i) {
    std::string argument = argv[i];
    auto at = argument.find('=');
    if (at == std::string::npos) die("not NAME=VALUE: " + argument);
    values_[argument.substr(0, at)] = argument.substr(at + 1);
  }
}

std::string Arguments::text(const std::string& name) const {
  auto found = values_.find(name);
  if (found == values_.end()) die(name + "= is missing");
  return found->second;
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

std::uint64_t Arguments::number(const std::string& name, std::uint64_t otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
}

Access::Access(const Arguments& arguments)
    : host(arguments.text("host", "127.0.0.1")),
      port(static_cast<std::uint16_t>(arguments.number("port", 22))), user(arguments.text("user")),
      cipher(arguments.text("cipher", "aes128-gcm@openssh.com")),
      target(static_cast<std::uint16_t>(arguments.number("target", 0))),
      tls(arguments.number("tls", 0) != 0) {
  ssh_key made = nullptr;
  if (ssh_pki_import_privkey_file(arguments.text("key").c_str(), nullptr, nullptr, nullptr, &made) != SSH_OK)
    die("cannot read " + arguments.text("key"));
  key.reset(made, ssh_key_free);
}

int connect_tcp(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) die("host= must be an IPv4 address");
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    die("cannot connect to port " + std::to_string(port));
  int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return descriptor;
}

std::string request(char operation, std::uint64_t count) {
  std::string text(9, operation);
  for (int i = 0; i < 8; ++i) text[8 - i] = static_cast<char>(count >> (8 * i));
  return text;
}

// --- session -----------------------------------------------------------------------------------------------

Session::Session(const Access& access)
    : access_(access), session_(ssh_new()), descriptor_(connect_tcp(access.host, access.port)) {
  if (access.tls) start_tls(descriptor_);
  fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  bool no = false;
  long timeout = 60;
  ssh_options_set(session_, SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(session_, SSH_OPTIONS_HOST, access.host.c_str());
  ssh_options_set(session_, SSH_OPTIONS_USER, access.user.c_str());
  ssh_options_set(session_, SSH_OPTIONS_TIMEOUT, &timeout);
  ssh_options_set(session_, SSH_OPTIONS_KEY_EXCHANGE, key_exchange);
  ssh_options_set(session_, SSH_OPTIONS_HOSTKEYS, "ssh-ed25519");
  for (auto option : {SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C})
    ssh_options_set(session_, option, access.cipher.c_str());
  for (auto option : {SSH_OPTIONS_HMAC_C_S, SSH_OPTIONS_HMAC_S_C}) ssh_options_set(session_, option, mac);
  ssh_options_set(session_, SSH_OPTIONS_COMPRESSION, "no");
  ssh_options_set(session_, SSH_OPTIONS_FD, &descriptor_);
  if (ssh_connect(session_) != SSH_OK) die("handshake: " + error());
  if (ssh_userauth_publickey(session_, nullptr, access.key.get()) != SSH_AUTH_SUCCESS)
    die("login: " + error());
}

Session::~Session() {
  if (event_ != nullptr) ssh_event_free(event_);
  // Both close the descriptor; another thread may get its number at once, so TLS must have left it.
  if (access_.tls) {
    end_tls(descriptor_);
    ssh_silent_disconnect(session_);
  } else {
    ssh_disconnect(session_);
  }
  ssh_free(session_);
}

void Session::work(int milliseconds) {
  if (event_ == nullptr) {
    event_ = ssh_event_new();
    ssh_event_add_session(event_, session_);
  }
  if (ssh_event_dopoll(event_, milliseconds) == SSH_ERROR) die("connection lost: " + error());
}

// --- channel -----------------------------------------------------------------------------------------------

Channel::Channel(Session& session) : session_(session), handle_(ssh_channel_new(session.handle())) {
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void*, std::uint32_t size, int,
                                        void* self) -> int {
    auto* channel = static_cast<Channel*>(self);
    if (!channel->taking_) return 0;
    channel->received_ += size;
    return static_cast<int>(size);
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Channel*>(self)->closed_ = true;
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_channel_callbacks(handle_, &callbacks_);
}

Channel::~Channel() {
  ssh_remove_channel_callbacks(handle_, &callbacks_);
  ssh_channel_free(handle_);
}

bool Channel::open() {
  ssh_set_blocking(session_.handle(), 1);
  bool done =
      ssh_channel_open_forward(handle_, "127.0.0.1", session_.access().target, "127.0.0.1", 1) == SSH_OK;
  ssh_set_blocking(session_.handle(), 0);
  return done;
}

void Channel::end() {
  ssh_channel_send_eof(handle_);
  ssh_channel_close(handle_);
  while (!closed_) session_.work(1000);
}

std::size_t Channel::write(const char* data, std::size_t size) {
  std::size_t room = std::min<std::size_t>(size, ssh_channel_window_size(handle_));
  if (room == 0 || session_.output_pending()) return 0;
  int sent = ssh_channel_write(handle_, data, static_cast<std::uint32_t>(room));
  if (sent < 0) die("write: " + session_.error());
  return static_cast<std::size_t>(sent);
}

void Channel::write_all(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    done += write(text.data() + done, text.size() - done);
    if (done < text.size()) session_.work(1000);
  }
  while (session_.output_pending()) session_.work(1000);
}

} // namespace bench
