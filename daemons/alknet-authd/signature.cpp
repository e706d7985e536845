#include "alknet-authd/signature.hpp"

#include "base/bytes.hpp"
#include "base/handle.hpp"
#include "pubkey/authorized_keys.hpp"
#include "pubkey/key_blob.hpp"

#include <string>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace alk::authd {

namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Verification = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Handle<BIGNUM, BN_free>;
using Parameters = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using Builder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using EcdsaSignature = Handle<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t longest = pubkey::max_key_blob;
constexpr std::size_t max_rsa_bits = 16384; // OpenSSH's; the time of a check grows with the square

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct Algorithm {
  std::string_view signature; // its name in front of a signature
  std::string_view key;       // the type of the keys that make it
  const char* digest;         // nullptr: the algorithm brings its own
  const char* group;          // of ECDSA
  std::string_view curve;     // the same in the key
};

constexpr Algorithm algorithms[] = {
    {"ssh-ed25519", "ssh-ed25519", nullptr, nullptr, ""},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "SHA256", "P-256", "nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "SHA384", "P-384", "nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "SHA512", "P-521", "nistp521"},
    {"rsa-sha2-256", "ssh-rsa", "SHA256", nullptr, ""},
    {"rsa-sha2-512", "ssh-rsa", "SHA512", nullptr, ""},
};

const Algorithm* find_algorithm(std::string_view signature, std::string_view key) {
  for (const Algorithm& algorithm : algorithms)
    if (algorithm.signature == signature && algorithm.key == key) return &algorithm;
  return nullptr;
}

Key from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return Key(key);
}

Key ed25519_key(ByteReader& reader) {
  auto point = reader.string(longest);
  if (!point || !reader.done()) return nullptr;
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(*point), point->size()));
}

// OpenSSL refuses a point that is not on the curve.
Key ecdsa_key(ByteReader& reader, const Algorithm& algorithm) {
  auto curve = reader.string(longest), point = reader.string(longest);
  if (!curve || !point || !reader.done() || *curve != algorithm.curve) return nullptr;
  Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, algorithm.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point->data(),
                                       point->size()) != 1)
    return nullptr;
  return from_parameters("EC", builder.get());
}

// RFC 4251 "mpint", never negative here.
Number number(std::string_view bytes) {
  if (bytes.size() > longest || (!bytes.empty() && (octets(bytes)[0] & 0x80) != 0)) return nullptr;
  return Number(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key rsa_key(ByteReader& reader, std::string_view blob) {
  auto bits = pubkey::rsa_bits(blob);
  if (!bits || *bits < pubkey::min_rsa_ca_bits || *bits > max_rsa_bits) return nullptr;
  auto exponent = reader.string(longest), modulus = reader.string(longest);
  if (!exponent || !modulus || !reader.done()) return nullptr;
  Number e = number(*exponent), n = number(*modulus);
  Builder builder(OSSL_PARAM_BLD_new());
  if (!e || !n || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1)
    return nullptr;
  return from_parameters("RSA", builder.get());
}

Key read_key(std::string_view blob, const Algorithm& algorithm) {
  ByteReader reader(blob);
  (void)reader.string(longest); // its type, which chose the algorithm
  if (algorithm.group != nullptr) return ecdsa_key(reader, algorithm);
  return algorithm.digest == nullptr ? ed25519_key(reader) : rsa_key(reader, blob);
}

// SSH has the two numbers (RFC 5656 section 3.1.2), OpenSSL wants them in DER. Empty: malformed.
std::string der(std::string_view raw) {
  ByteReader reader(raw);
  auto first = reader.string(longest), second = reader.string(longest);
  if (!first || !second || !reader.done()) return {};
  Number r = number(*first), s = number(*second);
  EcdsaSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  (void)r.release(); // the signature owns both now
  (void)s.release();
  unsigned char* encoded = nullptr;
  int length = i2d_ECDSA_SIG(signature.get(), &encoded);
  if (length <= 0) return {};
  std::string text(reinterpret_cast<char*>(encoded), static_cast<std::size_t>(length));
  OPENSSL_free(encoded);
  return text;
}

// What OpenSSL wants to see. RSA signatures may have lost zeros in front (OpenSSH fills them up, too).
std::string prepared(std::string_view raw, const Algorithm& algorithm, EVP_PKEY* key) {
  if (algorithm.group != nullptr) return der(raw);
  std::string signature(raw);
  auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  if (algorithm.digest != nullptr && signature.size() < size)
    signature.insert(0, size - signature.size(), '\0');
  return signature;
}

} // namespace

bool signature_valid(std::string_view key, std::string_view signed_bytes, std::string_view signature) {
  ByteReader of_key(key), of_signature(signature);
  auto type = of_key.string(longest), name = of_signature.string(longest), raw = of_signature.string(longest);
  if (!type || !name || !raw || !of_signature.done()) return false;
  const Algorithm* algorithm = find_algorithm(*name, *type);
  if (algorithm == nullptr) return false;
  Key made = read_key(key, *algorithm);
  if (!made) return false;
  std::string bytes = prepared(*raw, *algorithm, made.get());
  Verification check(EVP_MD_CTX_new());
  return check && !bytes.empty() &&
         EVP_DigestVerifyInit_ex(check.get(), nullptr, algorithm->digest, nullptr, nullptr, made.get(),
                                 nullptr) == 1 &&
         EVP_DigestVerify(check.get(), octets(bytes), bytes.size(), octets(signed_bytes),
                          signed_bytes.size()) == 1;
}

} // namespace alk::authd
