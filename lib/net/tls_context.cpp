#include "net/tls_context.hpp"

#include "base/encoding.hpp"

#include <array>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace alk::net {

namespace {

using Bio = Handle<BIO, BIO_free_all>;
using Certificate = Handle<X509, X509_free>;
using PrivateKey = Handle<EVP_PKEY, EVP_PKEY_free>;

constexpr const char* server_ciphers = "HIGH:!aNULL:!MD5"; // nginx's ssl_ciphers
constexpr long session_seconds = 300;                      // nginx's ssl_session_timeout, visible in tickets
constexpr long handshake_buffer = 16384;                   // one flight, one write: visible as packet sizes
constexpr std::size_t chain_limit = 10;                    // certificates in a file; real chains have 1 to 4
// A listener without HTTP/2 offers just these, and refuses a client that offers none of them (alert 120).
constexpr unsigned char alpn_protocols[] = "\x08http/1.1\x08http/1.0\x08http/0.9";

Bio memory(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that needs a passphrase is refused, never asked for on a terminal.
int no_passphrase(char*, int, int, void*) noexcept {
  return -1;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) noexcept {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, alpn_protocols, sizeof alpn_protocols - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Having the callback makes the server acknowledge the extension, which is visible to the peer.
int acknowledge_name(SSL*, int*, void*) noexcept {
  return SSL_TLSEXT_ERR_OK;
}

// OpenSSL puts a 4 KiB buffer in front of the socket during a handshake. The first call comes before anything
// is written; setting the same size again does nothing.
void widen_handshake_buffer(const SSL* ssl, int where, int) noexcept {
  if ((where & SSL_CB_ACCEPT_LOOP) != SSL_CB_ACCEPT_LOOP) return;
  BIO* out = SSL_get_wbio(ssl);
  if (out != SSL_get_rbio(ssl)) BIO_set_write_buffer_size(out, handshake_buffer);
}

void configure_server(SSL_CTX* context, std::string_view certificate) {
  // nginx lifts Debian's MinProtocol; the security level still rules TLS 1.0 and 1.1 out, with the alerts
  // that nginx sends.
  SSL_CTX_set_min_proto_version(context, 0);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_NO_ANTI_REPLAY |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_cipher_list(context, server_ciphers);
  SSL_CTX_set_info_callback(context, widen_handshake_buffer);
  SSL_CTX_set_tlsext_servername_callback(context, acknowledge_name);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  SSL_CTX_set_timeout(context, session_seconds);
  // Sessions live in tickets alone; the size of this id is part of a ticket's size.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR |
                                              SSL_SESS_CACHE_NO_INTERNAL_STORE);
  std::array<unsigned char, SHA_DIGEST_LENGTH> id{};
  SHA1(reinterpret_cast<const unsigned char*>(certificate.data()), certificate.size(), id.data());
  SSL_CTX_set_session_id_context(context, id.data(), id.size());
}

Result<void> use_chain(SSL_CTX* context, std::string_view pem) {
  auto bio = memory(pem);
  Certificate leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
  if (!leaf) return fail(Kind::Invalid, "certificate: no PEM certificate in it (" + take_tls_error() + ")");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return fail(Kind::Invalid, "certificate: not usable for TLS (" + take_tls_error() + ")");
  for (std::size_t count = 1;; ++count) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    if (count == chain_limit)
      return fail(Kind::Invalid, "certificate: more than 10 certificates in the chain");
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1)
      return fail(Kind::Invalid, "certificate: unusable chain (" + take_tls_error() + ")");
    next.release(); // NOLINT(bugprone-unused-return-value): the context owns it now
  }
  const auto last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
    return fail(Kind::Invalid, "certificate: damaged chain (" + take_tls_error() + ")");
  ERR_clear_error();
  return {};
}

Result<void> use_key(SSL_CTX* context, std::string_view pem) {
  auto bio = memory(pem);
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    const auto reason = ERR_GET_REASON(ERR_peek_error());
    if (reason == PEM_R_BAD_PASSWORD_READ || reason == PEM_R_PROBLEMS_GETTING_PASSWORD) {
      ERR_clear_error();
      return fail(Kind::Invalid, "key: it is encrypted; store it without a passphrase");
    }
    return fail(Kind::Invalid, "key: no PEM private key in it (" + take_tls_error() + ")");
  }
  const X509* leaf = SSL_CTX_get0_certificate(context);
  if (X509_check_private_key(leaf, key.get()) != 1) {
    ERR_clear_error();
    return fail(Kind::Invalid, "key: it does not belong to the certificate");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return fail(Kind::Invalid, "key: not usable for TLS (" + take_tls_error() + ")");
  return {};
}

void configure_all(SSL_CTX* context) {
  // Idle connections hold no record buffers; writes may be partial and may be retried from another address.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

} // namespace

void free_ssl_ctx(ssl_ctx_st* context) {
  SSL_CTX_free(context);
}

std::string take_tls_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  return "error " + std::to_string(ERR_GET_REASON(code));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(std::string_view certificate,
                                                             std::string_view key) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return fail(Kind::Broken, "TLS context: " + take_tls_error());
  std::shared_ptr<const TlsContext> owner(new TlsContext(context, Role::Server, false));
  configure_all(context);
  configure_server(context, certificate);
  ALK_TRY_VOID(use_chain(context, certificate));
  ALK_TRY_VOID(use_key(context, key));
  return owner;
}

std::optional<CertificateFacts> TlsContext::certificate() const {
  X509* leaf = SSL_CTX_get0_certificate(context_.get());
  std::tm broken{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &broken) != 1) return std::nullopt;
  const std::time_t expires = ::timegm(&broken);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(leaf, EVP_sha256(), digest, &size) != 1) return std::nullopt;
  return CertificateFacts{expires > 0 ? static_cast<std::uint64_t>(expires) : 0,
                          (X509_get_extension_flags(leaf) & EXFLAG_SS) != 0,
                          hex_encode({reinterpret_cast<const char*>(digest), size})};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return fail(Kind::Broken, "TLS context: " + take_tls_error());
  std::shared_ptr<const TlsContext> owner(new TlsContext(context, Role::Client, options.insecure));
  configure_all(context);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(context, 1);
  if (options.insecure) return owner;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error(); // a machine without roots is noticed when a certificate is checked
  if (options.ca_file.empty()) return owner;
  if (SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1)
    return fail(Kind::Invalid, "CA file " + options.ca_file + ": " + take_tls_error());
  return owner;
}

} // namespace alk::net
