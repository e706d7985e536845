// Functions that the dynamic linker finds here before libc's and libgssapi's, because the executable defines
// them. Linked into programs, never into a library (a library cannot interpose).
//
// recv, send and poll serve memory_descriptor from the thread's MemoryTransport; every other descriptor goes
// to the kernel as before.
//
// gss_indicate_mechs gives an empty set. libssh answers a gssapi-with-mic request inside its packet handler
// by asking GSSAPI for credentials, which may look names up for 20 s before anybody has authenticated.
// Without a common mechanism it answers USERAUTH_FAILURE at once.

// With _FORTIFY_SOURCE glibc defines recv and poll inline, and clang takes ours for a second definition.
#undef _FORTIFY_SOURCE

#include "ssh/memory_transport.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gssapi/gssapi.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc declares poll's array as written only; it is read as well.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

using alk::ssh::current_transport;
using alk::ssh::interposition_marks;
using alk::ssh::is_memory;

extern "C" {

__attribute__((visibility("default"))) ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  if (!is_memory(fd)) return syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
  interposition_marks().recv = true;
  auto* transport = current_transport();
  if (transport == nullptr) {
    errno = EBADF;
    return -1;
  }
  std::size_t count = std::min(size, transport->input.size());
  if (count == 0 && !transport->input_ended) {
    errno = EAGAIN;
    return -1;
  }
  if (count > 0) std::memcpy(buffer, transport->input.data(), count);
  transport->input = transport->input.subspan(count);
  return static_cast<ssize_t>(count);
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  if (!is_memory(fd)) return syscall(SYS_sendto, fd, buffer, size, flags, nullptr, 0);
  interposition_marks().send = true;
  auto* transport = current_transport();
  if (transport == nullptr) {
    errno = EBADF;
    return -1;
  }
  if (transport->output.size() + size > alk::ssh::output_ceiling) {
    transport->overflowed = true;
    errno = EPIPE;
    return -1;
  }
  transport->output.append(static_cast<const char*>(buffer), size);
  return static_cast<ssize_t>(size);
}

__attribute__((visibility("default"))) int poll(struct pollfd* fds, nfds_t count, int timeout) {
  if (count != 1 || !is_memory(fds[0].fd)) return static_cast<int>(syscall(SYS_poll, fds, count, timeout));
  interposition_marks().poll = true;
  auto* transport = current_transport();
  fds[0].revents = 0;
  if (transport == nullptr) return 0;
  if (!transport->input.empty() || transport->input_ended)
    fds[0].revents = static_cast<short>(fds[0].revents | (fds[0].events & POLLIN));
  fds[0].revents = static_cast<short>(fds[0].revents | (fds[0].events & POLLOUT));
  return fds[0].revents != 0 ? 1 : 0;
}

__attribute__((visibility("default"))) OM_uint32 gss_indicate_mechs(OM_uint32* minor,
                                                                    gss_OID_set* mechanisms) {
  interposition_marks().gss = true;
  return gss_create_empty_oid_set(minor, mechanisms);
}
}
