#include "ssh/agent.hpp"

#include "base/bytes.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace alk::ssh {

namespace {

constexpr char failure = 5;
constexpr char request_identities = 11;
constexpr char identities_answer = 12;
constexpr char sign_request = 13;
constexpr std::size_t blob_limit = 16 * 1024;
constexpr std::uint32_t identities_limit = 1024; // a broken agent's count must not keep us busy
constexpr timeval answer_limit{5, 0};

Result<Fd> connect_agent(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Kind::Invalid, "SSH_AUTH_SOCK is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail(Kind::Gone, std::string("ssh-agent: ") + std::strerror(errno));
  return fd;
}

bool read_whole(int fd, char* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const auto count = ::read(fd, into + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

// A message without its length word; never empty.
std::optional<std::string> read_message(int fd) {
  char head[4];
  if (!read_whole(fd, head, sizeof head)) return std::nullopt;
  const auto size = *ByteReader(std::string_view(head, sizeof head)).u32();
  if (size == 0 || size > agent_message_limit) return std::nullopt;
  std::string message(size, '\0');
  if (!read_whole(fd, message.data(), size)) return std::nullopt;
  return message;
}

bool write_message(int fd, std::string_view message) {
  ByteWriter framed;
  framed.string(message);
  std::string_view rest = framed.bytes();
  while (!rest.empty()) {
    const auto count = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool lists(std::string_view answer, std::string_view blob) {
  ByteReader reader(answer);
  if (reader.u8() != identities_answer) return false;
  const auto count = reader.u32();
  for (std::uint32_t i = 0; count && i < std::min(*count, identities_limit); ++i) {
    const auto held = reader.string(blob_limit);
    if (!held || !reader.string(agent_message_limit)) return false; // the comment follows
    if (*held == blob) return true;
  }
  return false;
}

} // namespace

bool agent_holds(const std::string& socket, std::string_view blob) {
  const auto agent = connect_agent(socket);
  if (!agent) return false;
  ::setsockopt(agent->get(), SOL_SOCKET, SO_RCVTIMEO, &answer_limit, sizeof answer_limit);
  ::setsockopt(agent->get(), SOL_SOCKET, SO_SNDTIMEO, &answer_limit, sizeof answer_limit);
  if (!write_message(agent->get(), std::string_view(&request_identities, 1))) return false;
  const auto answer = read_message(agent->get());
  return answer && lists(*answer, blob);
}

Result<std::unique_ptr<AgentGate>> AgentGate::open(const std::string& socket, std::string blob) {
  ALK_TRY(Fd agent, connect_agent(socket));
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return fail_errno(errno, "socketpair");
  return std::unique_ptr<AgentGate>(
      new AgentGate(Fd(pair[0]), Fd(pair[1]), std::move(agent), std::move(blob)));
}

AgentGate::AgentGate(Fd front, Fd back, Fd agent, std::string blob)
    : front_(std::move(front)), back_(std::move(back)), agent_(std::move(agent)), blob_(std::move(blob)) {
  // Signals belong to the main loop alone.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { serve(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

AgentGate::~AgentGate() {
  ::shutdown(back_.get(), SHUT_RDWR);
  ::shutdown(agent_.get(), SHUT_RDWR);
  thread_.join();
}

void AgentGate::serve() {
  while (auto request = read_message(back_.get()))
    if (!write_message(back_.get(), answer(*request))) return;
}

std::string AgentGate::answer(const std::string& request) {
  const std::string refusal(1, failure);
  ByteReader reader(request);
  const auto type = reader.u8();
  if (type == request_identities)
    return ByteWriter().u8(identities_answer).u32(1).string(blob_).string("").take();
  if (type != sign_request || reader.string(blob_limit) != blob_) return refusal;
  if (!write_message(agent_.get(), request)) return refusal;
  return read_message(agent_.get()).value_or(refusal);
}

} // namespace alk::ssh
