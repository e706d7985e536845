#include "tls_end.hpp"

#include "session.hpp"

#include <array>
#include <cerrno>

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc declares poll's array as written only; it is read as well.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace bench {

namespace {

constexpr const char* suite = "TLS_AES_128_GCM_SHA256";
constexpr std::size_t read_size = 128 * 1024; // several records per system call

// By descriptor. A descriptor belongs to one thread at a time.
std::array<SSL*, 4096> ends{};

SSL* end_of(int descriptor) {
  return descriptor >= 0 && static_cast<std::size_t>(descriptor) < ends.size()
             ? ends[static_cast<std::size_t>(descriptor)]
             : nullptr;
}

SSL_CTX* make_context() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, suite);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, read_size);
  return context;
}

int kernel_poll(pollfd* polled, nfds_t count, int timeout) {
  return static_cast<int>(syscall(SYS_poll, polled, count, timeout));
}

bool wants(SSL* ssl, int result, int what) {
  return SSL_get_error(ssl, result) == what;
}

// Whether recv() would not say EAGAIN.
bool readable(SSL* ssl) {
  if (SSL_pending(ssl) > 0) return true;
  char byte = 0;
  int got = SSL_peek(ssl, &byte, 1);
  return got > 0 || !wants(ssl, got, SSL_ERROR_WANT_READ);
}

ssize_t receive(SSL* ssl, void* buffer, std::size_t size) {
  int got = SSL_read(ssl, buffer, static_cast<int>(size));
  if (got > 0) return got;
  if (!wants(ssl, got, SSL_ERROR_WANT_READ)) return 0;
  errno = EAGAIN;
  return -1;
}

// Takes at least a byte: libssh takes EAGAIN for the end.
ssize_t transmit(SSL* ssl, int descriptor, const char* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    int sent = SSL_write(ssl, data + done, static_cast<int>(size - done));
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      continue;
    }
    if (!wants(ssl, sent, SSL_ERROR_WANT_WRITE)) {
      errno = EPIPE;
      return -1;
    }
    if (done > 0) break; // the rest comes again, from the same byte on
    pollfd writable{descriptor, POLLOUT, 0};
    kernel_poll(&writable, 1, -1);
  }
  return static_cast<ssize_t>(done);
}

int wait_for(SSL* ssl, pollfd& polled, int timeout) {
  for (;;) {
    bool in = (polled.events & POLLIN) != 0 && SSL_has_pending(ssl) != 0 && readable(ssl);
    int got = kernel_poll(&polled, 1, in ? 0 : timeout);
    if (got < 0) return got;
    if (!in && (polled.revents & POLLIN) != 0 && !readable(ssl))
      polled.revents = static_cast<short>(polled.revents & ~POLLIN);
    if (in) polled.revents = static_cast<short>(polled.revents | POLLIN);
    // Half a record, or a session ticket: go on waiting.
    if (polled.revents != 0) return 1;
    if (got == 0) return 0;
  }
}

} // namespace

void start_tls(int descriptor) {
  static SSL_CTX* const context = make_context();
  if (static_cast<std::size_t>(descriptor) >= ends.size()) die("too many TLS connections");
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, descriptor);
  if (SSL_connect(ssl) != 1) die("TLS handshake failed");
  ends[static_cast<std::size_t>(descriptor)] = ssl;
}

void end_tls(int descriptor) {
  if (SSL* ssl = end_of(descriptor)) SSL_free(ssl);
  if (descriptor >= 0) ends[static_cast<std::size_t>(descriptor)] = nullptr;
}

} // namespace bench

extern "C" {

__attribute__((visibility("default"))) ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  if (SSL* ssl = bench::end_of(fd)) return bench::receive(ssl, buffer, size);
  return syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  if (SSL* ssl = bench::end_of(fd)) return bench::transmit(ssl, fd, static_cast<const char*>(buffer), size);
  return syscall(SYS_sendto, fd, buffer, size, flags, nullptr, 0);
}

__attribute__((visibility("default"))) int poll(struct pollfd* fds, nfds_t count, int timeout) {
  SSL* ssl = count == 1 ? bench::end_of(fds[0].fd) : nullptr;
  return ssl != nullptr ? bench::wait_for(ssl, fds[0], timeout) : bench::kernel_poll(fds, count, timeout);
}
}
