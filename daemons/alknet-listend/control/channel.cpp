#include "control/channel.hpp"

#include "base/memory_file.hpp"
#include "log/log.hpp"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace alk::listend {

namespace {
constexpr int messages_per_turn = 64;         // then other work of the loop has its turn
constexpr std::size_t descriptor_limit = 128; // the bundle and a socket for each listener: far below
constexpr std::size_t frame_limit = inline_body_limit + 64;

// The descriptors that came with a message, each owned.
std::vector<Fd> take_descriptors(msghdr& message) {
  std::vector<Fd> taken;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(head) + i * sizeof(int), sizeof number);
      taken.emplace_back(number);
    }
  }
  return taken;
}

Result<void> send_frame(int socket, const std::string& frame, std::span<const int> descriptors) {
  iovec part{const_cast<char*>(frame.data()), frame.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(descriptor_limit * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (errno == EAGAIN || errno == ENOBUFS)
    return fail(Kind::Busy, "the other side of a control socket does not read");
  if (errno == EPIPE || errno == ECONNRESET)
    return fail(Kind::Gone, "the other side of a control socket has ended");
  return fail_errno(errno, "sending on a control socket");
}
} // namespace

Result<ControlPair> make_control_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return fail_errno(errno, "socketpair");
  return ControlPair{Fd(ends[0]), Fd(ends[1])};
}

ControlChannel::ControlChannel(asio::io_context& loop, Fd socket) : socket_(loop, socket.release()) {}

ControlChannel::~ControlChannel() {
  close();
}

void ControlChannel::open(OnMessage message, std::function<void()> closed) {
  on_message_ = std::move(message);
  on_closed_ = std::move(closed);
  wait();
}

void ControlChannel::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

bool ControlChannel::hung_up() {
  if (!socket_.is_open()) return true;
  pollfd state{socket_.native_handle(), 0, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

Result<void> ControlChannel::send(const ControlMessage& message, std::span<const int> descriptors) {
  if (!socket_.is_open()) return fail(Kind::Gone, "the control socket is closed");
  if (descriptors.size() + 1 > descriptor_limit)
    return fail(Kind::Invalid, "too many descriptors for a message");
  if (message.body.size() <= inline_body_limit)
    return send_frame(socket_.native_handle(), encode_frame(message, false), descriptors);
  if (message.body.size() > body_limit) return fail(Kind::Invalid, "a control message above the limit");
  const std::string_view pieces[] = {message.body};
  ALK_TRY(Fd memory, seal_in_memory(pieces));
  std::vector<int> all{memory.get()};
  all.insert(all.end(), descriptors.begin(), descriptors.end());
  return send_frame(socket_.native_handle(), encode_frame(message, true), all);
}

// A handler that is queued when the channel dies still comes, without an error: the token tells.
void ControlChannel::wait() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, alive = std::weak_ptr(alive_)](std::error_code error) {
                       if (!error && !alive.expired() && socket_.is_open()) receive_some();
                     });
}

void ControlChannel::receive_some() {
  std::weak_ptr<int> alive = alive_;
  for (int i = 0; i < messages_per_turn; ++i)
    if (!receive_one(alive)) return;
  wait();
}

void ControlChannel::end() {
  close();
  if (on_closed_) std::exchange(on_closed_, nullptr)();
}

// False when there is nothing more for now, or nobody to go on: the next wait is then set up where it is due.
bool ControlChannel::receive_one(const std::weak_ptr<int>& alive) {
  std::string bytes(frame_limit, '\0');
  alignas(cmsghdr) char control[CMSG_SPACE(descriptor_limit * sizeof(int))];
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0 && errno == EINTR) return true;
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    wait();
    return false;
  }
  if (count <= 0) { // no message of ours is empty
    end();
    return false;
  }
  auto descriptors = take_descriptors(message);
  auto frame = decode_frame({bytes.data(), static_cast<std::size_t>(count)});
  if (!frame || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    log::warning("a control message that cannot be read was dropped");
    return true;
  }
  if (frame->in_memory) {
    auto body = descriptors.empty() ? Result<SecretBytes>(fail(Kind::Invalid, "a body is missing"))
                                    : read_sealed(descriptors.front(), body_limit);
    if (!body) {
      log::warning("a control message was dropped: " + body.error().describe());
      return true;
    }
    frame->message.body = body->view();
    descriptors.erase(descriptors.begin());
  }
  on_message_(std::move(frame->message), std::move(descriptors));
  return !alive.expired() && socket_.is_open();
}

} // namespace alk::listend
