// What TLS connections share: certificate, key, ticket keys, settings. Immutable and used by all threads at
// once. A reload makes a new one; handshakes that have begun keep the one they began with.
#pragma once

#include "base/handle.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace alk::net {

void free_ssl_ctx(ssl_ctx_st* context);

struct TlsClientOptions {
  std::string ca_file;   // PEM file of roots trusted beside the system's; empty: none
  bool insecure = false; // accept any certificate and any name
};

// What an operator has to know of the certificate that a server shows.
struct CertificateFacts {
  std::uint64_t expires = 0; // Unix seconds
  bool self_signed = false;
  std::string fingerprint; // lower-case hex SHA-256 over the certificate
};

class TlsContext {
 public:
  // Settings are those of nginx 1.22 (TLS 1.2 and 1.3 in effect, "HIGH:!aNULL:!MD5", tickets for 300 s, ALPN
  // http/1.1): the disguise begins with the ServerHello. `certificate` is PEM, leaf first, then
  // intermediates; `key` is one unencrypted PEM key. Errors are Invalid and say which of the two is wrong and
  // how.
  static Result<std::shared_ptr<const TlsContext>> server(std::string_view certificate, std::string_view key);

  // TLS 1.2 and up. Errors: NotFound or Invalid for the CA file.
  static Result<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);

  enum class Role { Server, Client };
  Role role() const { return role_; }
  bool insecure() const { return insecure_; }
  // Of a server's leaf; nothing for a client.
  std::optional<CertificateFacts> certificate() const;
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  TlsContext(ssl_ctx_st* context, Role role, bool insecure)
      : context_(context), role_(role), insecure_(insecure) {}
  Handle<ssl_ctx_st, free_ssl_ctx> context_;
  Role role_;
  bool insecure_;
};

// First error of OpenSSL's queue as text, which is emptied. Never empty.
std::string take_tls_error();

} // namespace alk::net
