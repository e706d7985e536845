// TLS over any Stream (RFC 8446, RFC 5246). An idle connection holds no record buffers.
#pragma once

#include "base/handle.hpp"
#include "base/result.hpp"
#include "loop/asio.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>

struct ssl_st;

namespace alk::net {

void free_ssl(ssl_st* ssl);

class TlsStream final : public Stream {
 public:
  using Context = std::shared_ptr<const TlsContext>;
  using Clock = std::chrono::steady_clock;

  // `below` must live on `executor`'s loop. `already_read` are bytes of the handshake that have been taken
  // from it.
  static Result<std::unique_ptr<TlsStream>> server(asio::any_io_executor executor,
                                                   std::unique_ptr<Stream> below, Context context,
                                                   std::string already_read = {});
  // `server_name`: DNS name or IP literal, sent as SNI (names alone, RFC 6066 section 3) and verified in the
  // certificate unless the context is insecure.
  static Result<std::unique_ptr<TlsStream>> client(asio::any_io_executor executor,
                                                   std::unique_ptr<Stream> below, Context context,
                                                   const std::string& server_name);
  ~TlsStream() override; // close()

  // Once, before anything else. The alert that a bad hello deserves has been sent when this fails. Errors:
  // Gone (the peer left), Busy (deadline), Denied (the certificate does not convince us), Invalid (whatever
  // else TLS objects to).
  Task<Result<void>> handshake(Clock::time_point deadline);

  // What the handshake settled. Empty when absent.
  std::string server_name() const; // SNI, chosen by the peer
  std::string protocol() const;    // ALPN
  std::string_view version() const;

  // Larger reads from below, for a connection that moves bulk data. Memory while busy only.
  void prefer_throughput();

  Transfer read(std::span<std::byte> into) override; // as much as there is: several records in one call
  Transfer write(std::span<const std::byte> from) override;
  void wait(Direction direction, std::function<void(std::error_code)> ready) override;
  void cancel(Direction direction) override;
  void announce_end() override; // close_notify, unless the peer has already ended or the connection failed
  void shutdown_write() override;
  void close() override; // says nothing: announce_end() first for a polite end
  std::size_t waiting() const override;
  std::string_view kind() const override { return "tls"; }

 private:
  struct Channel; // the bytes below, and who waits for them: survives us until the last callback
  TlsStream(asio::any_io_executor executor, std::unique_ptr<Stream> below, Context context,
            std::string already_read);
  Transfer failure(int result, Direction direction);
  Result<void> handshake_error(int reason);

  asio::any_io_executor executor_;
  Context context_;
  std::shared_ptr<Channel> channel_;
  Handle<ssl_st, free_ssl> ssl_; // freed before the channel that its BIO points to
  bool read_needs_write_ = false;
  bool write_needs_read_ = false;
  bool more_buffered_ =
      false; // the last read filled its buffer: decrypted or undecrypted bytes may be waiting in OpenSSL
  bool ended_ = false;     // End was seen: the same answer again
  bool dead_ = false;      // the connection failed: OpenSSL must not be asked again
  std::error_code reason_; // why it is dead
};

} // namespace alk::net
