#include "net/tls_stream.hpp"

#include "net/tls_bio.hpp"

#include <array>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace alk::net {

namespace {

constexpr std::size_t bulk_read_size = 64 * 1024; // several records per system call
constexpr std::size_t name_limit = 255;           // RFC 1035 section 2.3.4

bool is_ip_literal(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::size_t index_of(Direction direction) {
  return static_cast<std::size_t>(direction);
}

Result<void> expect_name(SSL* ssl, const std::string& name, bool insecure) {
  if (name.empty() || name.size() > name_limit)
    return fail(Kind::Invalid, "TLS server name: empty or too long");
  auto* parameters = SSL_get0_param(ssl);
  if (is_ip_literal(name)) {
    if (!insecure && X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) != 1)
      return fail(Kind::Invalid, "TLS server name: not an address");
    return {};
  }
  if (SSL_set_tlsext_host_name(ssl, name.c_str()) != 1)
    return fail(Kind::Invalid, "TLS server name: not a host name");
  if (!insecure && X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) != 1)
    return fail(Kind::Invalid, "TLS server name: not a host name");
  return {};
}

} // namespace

// Waiting is by direction below: in TLS, reading can need writing and the other way round, so two waiters can
// need one direction. One wait below serves both.
struct TlsStream::Channel : std::enable_shared_from_this<Channel> {
  struct Waiter {
    std::function<void(std::error_code)> ready;
    Direction needs = Direction::Read;
  };

  BioSource source;
  std::array<Waiter, 2> waiters;
  std::array<bool, 2> armed{};

  void arm(Direction needs) {
    if (std::exchange(armed[index_of(needs)], true)) return;
    source.stream->wait(needs, [self = shared_from_this(), needs](std::error_code error) {
      self->armed[index_of(needs)] = false;
      self->fire(needs, error);
    });
  }

  void fire(Direction needs, std::error_code error) {
    std::array<std::function<void(std::error_code)>, 2> due;
    for (std::size_t i = 0; i < waiters.size(); ++i)
      if (waiters[i].ready && waiters[i].needs == needs) due[i] = std::exchange(waiters[i].ready, nullptr);
    for (auto& ready : due)
      if (ready) ready(error);
  }
};

void free_ssl(ssl_st* ssl) {
  SSL_free(ssl);
}

TlsStream::TlsStream(asio::any_io_executor executor, std::unique_ptr<Stream> below, Context context,
                     std::string already_read)
    : executor_(std::move(executor)), context_(std::move(context)), channel_(std::make_shared<Channel>()) {
  channel_->source.stream = std::move(below);
  channel_->source.prefix = std::move(already_read);
  ssl_.reset(SSL_new(context_->native()));
  if (!ssl_) return;
  BIO* bio = make_stream_bio(channel_->source);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() {
  close();
}

Result<std::unique_ptr<TlsStream>> TlsStream::server(asio::any_io_executor executor,
                                                     std::unique_ptr<Stream> below, Context context,
                                                     std::string already_read) {
  ERR_clear_error();
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::move(executor), std::move(below), std::move(context), std::move(already_read)));
  if (!stream->ssl_) return fail(Kind::Broken, "TLS connection: " + take_tls_error());
  SSL_set_accept_state(stream->ssl_.get());
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsStream::client(asio::any_io_executor executor,
                                                     std::unique_ptr<Stream> below, Context context,
                                                     const std::string& server_name) {
  ERR_clear_error();
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::move(executor), std::move(below), std::move(context), {}));
  if (!stream->ssl_) return fail(Kind::Broken, "TLS connection: " + take_tls_error());
  SSL_set_connect_state(stream->ssl_.get());
  ALK_TRY_VOID(expect_name(stream->ssl_.get(), server_name, stream->context_->insecure()));
  return stream;
}

Result<void> TlsStream::handshake_error(int reason) {
  dead_ = true;
  if (channel_->source.failure) {
    reason_ = channel_->source.failure;
    return fail(Kind::Gone, "TLS handshake: " + reason_.message());
  }
  reason_ = std::make_error_code(std::errc::protocol_error);
  if (reason == SSL_ERROR_ZERO_RETURN || channel_->source.ended || ERR_peek_error() == 0)
    return fail(Kind::Gone, "TLS handshake: the peer closed the connection");
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict != X509_V_OK && !context_->insecure()) {
    ERR_clear_error();
    return fail(Kind::Denied, std::string("certificate: ") + X509_verify_cert_error_string(verdict));
  }
  return fail(Kind::Invalid, "TLS handshake: " + take_tls_error());
}

Task<Result<void>> TlsStream::handshake(Clock::time_point deadline) {
  for (;;) {
    if (dead_) co_return fail(Kind::Gone, "TLS handshake: the connection is closed");
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return Result<void>{};
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) co_return handshake_error(reason);
    const auto direction = reason == SSL_ERROR_WANT_READ ? Direction::Read : Direction::Write;
    const auto outcome = co_await ready_until(*this, direction, deadline);
    if (outcome == Wait::Timeout) co_return fail(Kind::Busy, "TLS handshake: not finished in time");
    if (outcome == Wait::Cancelled) co_return fail(Kind::Gone, "TLS handshake: cancelled");
  }
}

std::string TlsStream::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : std::string(name);
}

std::string TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsStream::version() const {
  return SSL_get_version(ssl_.get());
}

void TlsStream::prefer_throughput() {
  SSL_set_default_read_buffer_len(ssl_.get(), bulk_read_size);
}

// What a failed SSL call means. When it waits for the direction that is not its own, wait() has to know.
Transfer TlsStream::failure(int result, Direction direction) {
  const int reason = SSL_get_error(ssl_.get(), result);
  read_needs_write_ = direction == Direction::Read && reason == SSL_ERROR_WANT_WRITE;
  write_needs_read_ = direction == Direction::Write && reason == SSL_ERROR_WANT_READ;
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) return {Transfer::State::Again, 0, {}};
  if (reason == SSL_ERROR_ZERO_RETURN && direction == Direction::Read) {
    ended_ = true;
    return {Transfer::State::End, 0, {}};
  }
  dead_ = true;
  reason_ =
      channel_->source.failure ? channel_->source.failure : std::make_error_code(std::errc::protocol_error);
  ERR_clear_error();
  return {Transfer::State::Failed, 0, reason_};
}

Transfer TlsStream::read(std::span<std::byte> into) {
  std::size_t total = 0;
  more_buffered_ = false;
  while (total < into.size() && !ended_ && !dead_) {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count);
    if (result == 1) {
      total += count;
      continue;
    }
    if (failure(result, Direction::Read).state == Transfer::State::Again) break;
  }
  if (total > 0) {
    more_buffered_ = total == into.size();
    return {Transfer::State::Done, total, {}, !more_buffered_ && !dead_ && !ended_};
  }
  if (dead_) return {Transfer::State::Failed, 0, reason_};
  if (ended_) return {Transfer::State::End, 0, {}};
  return {Transfer::State::Again, 0, {}};
}

Transfer TlsStream::write(std::span<const std::byte> from) {
  std::size_t total = 0;
  while (total < from.size() && !dead_) {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), from.data() + total, from.size() - total, &count);
    if (result == 1) {
      total += count;
      continue;
    }
    if (failure(result, Direction::Write).state == Transfer::State::Again) break;
  }
  if (total > 0) return {Transfer::State::Done, total, {}};
  if (dead_) return {Transfer::State::Failed, 0, reason_};
  return {Transfer::State::Again, 0, {}};
}

void TlsStream::wait(Direction direction, std::function<void(std::error_code)> ready) {
  const bool reading = direction == Direction::Read;
  if (dead_ || (reading && (ended_ || (more_buffered_ && SSL_has_pending(ssl_.get()) == 1)))) {
    asio::post(executor_, [ready = std::move(ready)] { ready({}); }); // the next call tells the rest
    return;
  }
  auto needs = direction;
  if (SSL_in_init(ssl_.get()) == 0) {
    if (reading && read_needs_write_) needs = Direction::Write;
    if (!reading && write_needs_read_) needs = Direction::Read;
  }
  channel_->waiters[index_of(direction)] = {std::move(ready), needs};
  channel_->arm(needs);
}

void TlsStream::cancel(Direction direction) {
  auto& waiter = channel_->waiters[index_of(direction)];
  if (!waiter.ready) return;
  const auto& other = channel_->waiters[1 - index_of(direction)];
  if (!other.ready || other.needs != waiter.needs) return channel_->source.stream->cancel(waiter.needs);
  asio::post(executor_,
             [ready = std::exchange(waiter.ready, nullptr)] { ready(asio::error::operation_aborted); });
}

std::size_t TlsStream::waiting() const {
  return channel_->source.stream->waiting();
}

void TlsStream::announce_end() {
  if (dead_ || ended_ || SSL_in_init(ssl_.get()) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get()); // best effort: what the socket does not take now is lost
  ERR_clear_error();
}

void TlsStream::shutdown_write() {
  announce_end();
  channel_->source.stream->shutdown_write();
}

void TlsStream::close() {
  dead_ = true;
  if (!reason_) reason_ = asio::error::operation_aborted;
  channel_->source.stream->close();
}

} // namespace alk::net
