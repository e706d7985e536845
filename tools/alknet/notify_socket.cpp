#include "notify_socket.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace alk::alknet {

Result<NotifySocket> NotifySocket::open() {
  NotifySocket made;
  made.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int on = 1;
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ::socklen_t size = sizeof(::sa_family_t); // unix(7), autobind
  auto* generic = reinterpret_cast<::sockaddr*>(&address);
  if (!made.socket_ || ::setsockopt(made.socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      ::bind(made.socket_.get(), generic, size) != 0)
    return fail_errno(errno, "notification socket");
  size = sizeof address;
  if (::getsockname(made.socket_.get(), generic, &size) != 0) return fail_errno(errno, "notification socket");
  std::size_t length = size - offsetof(::sockaddr_un, sun_path);
  made.name_ = "@" + std::string(address.sun_path + 1, length - 1);
  return made;
}

// Descriptors that come along (BARRIER=1, FDSTORE=1) find no room in `control` and are closed by the kernel.
std::vector<::pid_t> NotifySocket::take_ready() {
  std::vector<::pid_t> ready;
  for (;;) {
    char text[notification_limit];
    alignas(::cmsghdr) char control[CMSG_SPACE(sizeof(::ucred))];
    ::iovec part{text, sizeof text};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t count = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ready;
    const ::cmsghdr* head = CMSG_FIRSTHDR(&message);
    if (head == nullptr || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS) continue;
    ::ucred sender{};
    std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
    auto lines = split({text, static_cast<std::size_t>(count)}, '\n');
    if (std::ranges::find(lines, "READY=1") != lines.end()) ready.push_back(sender.pid);
  }
}

} // namespace alk::alknet
