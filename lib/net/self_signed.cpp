#include "net/self_signed.hpp"

#include "base/handle.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace alk::net {

namespace {

constexpr long day = 24L * 3600;
constexpr int serial_bytes = 16; // RFC 5280 section 4.1.2.2: at most 20, unique, positive

using Pkey = Handle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Handle<X509, X509_free>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using BigNumber = Handle<BIGNUM, BN_free>;
// Private keys pass through: the secure heap variant wipes its buffer when freed.
using Memory = Handle<BIO, BIO_free_all>;

Failure broken(const char* what) {
  return fail(Kind::Broken, what);
}

std::string_view content(BIO* memory) {
  char* data = nullptr;
  long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_address(const std::string& name) {
  unsigned char bytes[sizeof(::in6_addr)];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// The names go into OpenSSL's small configuration language, where ',' and '=' and more have a meaning.
bool is_plain_name(const std::string& name) {
  constexpr std::size_t limit = 64; // RFC 5280 ub-common-name
  return is_address(name) ||
         (!name.empty() && name.size() <= limit &&
          name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
              std::string::npos);
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  unsigned char random[serial_bytes];
  if (RAND_bytes(random, sizeof random) != 1) return false;
  random[0] = static_cast<unsigned char>((random[0] & 0x7f) | 0x40); // positive, full length
  BigNumber number(BN_bin2bn(random, sizeof random, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_names(X509* certificate, const std::vector<std::string>& names) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>(names.front().c_str());
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) != 1) return false;
  if (X509_set_issuer_name(certificate, subject) != 1) return false;
  std::string alternatives;
  for (const std::string& name : names)
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  return add_extension(certificate, NID_subject_alt_name, alternatives);
}

bool set_dates(X509* certificate) {
  return X509_gmtime_adj(X509_getm_notBefore(certificate), -self_signed_backdate_days * day) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), self_signed_days * day) != nullptr;
}

bool set_usage(X509* certificate) {
  return add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_key_identifier, "hash");
}

} // namespace

Result<SecretBytes> generate_tls_key() {
  Pkey key(EVP_EC_gen("P-256"));
  if (!key) return broken("no TLS key could be generated");
  Memory memory(BIO_new(BIO_s_secmem()));
  if (!memory ||
      PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return broken("the TLS key cannot be written");
  return SecretBytes(content(memory.get()));
}

Result<std::string> make_self_signed(const SecretBytes& key_pem, const std::vector<std::string>& names) {
  if (names.empty()) return fail(Kind::Invalid, "a certificate needs a name");
  for (const std::string& name : names)
    if (!is_plain_name(name)) return fail(Kind::Invalid, "not a name for a certificate");
  Memory input(BIO_new_mem_buf(key_pem.view().data(), static_cast<int>(key_pem.size())));
  char no_passphrase[] = ""; // without one OpenSSL would ask on the terminal
  Pkey key(input ? PEM_read_bio_PrivateKey(input.get(), nullptr, nullptr, no_passphrase) : nullptr);
  if (!key) return fail(Kind::Invalid, "not a private key in PEM format");

  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_serial(certificate.get()) || !set_dates(certificate.get()) ||
      X509_set_pubkey(certificate.get(), key.get()) != 1 || !set_names(certificate.get(), names) ||
      !set_usage(certificate.get()) || X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return broken("the certificate cannot be made");
  Memory output(BIO_new(BIO_s_mem()));
  if (!output || PEM_write_bio_X509(output.get(), certificate.get()) != 1)
    return broken("the certificate cannot be written");
  return std::string(content(output.get()));
}

Result<bool> certificate_is_current(std::string_view certificate_pem) {
  Memory input(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  Certificate certificate(input ? PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return fail(Kind::Invalid, "not a certificate in PEM format");
  return X509_cmp_current_time(X509_get0_notBefore(certificate.get())) < 0 &&
         X509_cmp_current_time(X509_get0_notAfter(certificate.get())) > 0;
}

} // namespace alk::net
