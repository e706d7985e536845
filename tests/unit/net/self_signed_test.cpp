#include "base/handle.hpp"
#include "net/self_signed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace alk::net::self_signed_test {

using testing::StartsWith;
using Certificate = Handle<X509, X509_free>;
using Memory = Handle<BIO, BIO_free_all>;

static Certificate parse(const std::string& pem) {
  Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

class SelfSigned : public testing::Test {
 protected:
  void SetUp() override {
    auto key = generate_tls_key();
    ASSERT_TRUE(key);
    key_ = std::move(*key);
  }
  SecretBytes key_;
};

TEST_F(SelfSigned, CarriesEveryName) {
  auto pem = make_self_signed(key_, {"localhost", "127.0.0.1", "::1", "box.example.org"});
  ASSERT_TRUE(pem) << pem.error().describe();
  auto certificate = parse(*pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "box.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
}

TEST_F(SelfSigned, VerifiesAgainstItselfAndIsNoAuthority) {
  auto pem = make_self_signed(key_, {"localhost"});
  ASSERT_TRUE(pem);
  auto certificate = parse(*pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  EXPECT_EQ(X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_SERVER, 0), 1);
  Handle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), certificate.get());
  Handle<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  EXPECT_EQ(X509_verify_cert(context.get()), 1);
}

TEST_F(SelfSigned, IsP256AndCurrent) {
  auto pem = make_self_signed(key_, {"localhost"});
  ASSERT_TRUE(pem);
  auto certificate = parse(*pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(certificate.get())), 256);
  EXPECT_EQ(certificate_is_current(*pem).value(), true);
  time_t in_nine_years = ::time(nullptr) + 9L * 365 * 86400;
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(certificate.get()), &in_nine_years), 0);
}

TEST_F(SelfSigned, SerialsDiffer) {
  auto one = make_self_signed(key_, {"localhost"});
  auto two = make_self_signed(key_, {"localhost"});
  ASSERT_TRUE(one && two);
  EXPECT_NE(
      ASN1_INTEGER_cmp(X509_get0_serialNumber(parse(*one).get()), X509_get0_serialNumber(parse(*two).get())),
      0);
}

TEST_F(SelfSigned, NamesCannotSmuggleExtensions) {
  for (const char* name : {"", "a,IP:1.2.3.4", "a b", "a=b", "email:x", "a\nb"})
    EXPECT_EQ(make_self_signed(key_, {"localhost", name}).error().kind, Kind::Invalid) << name;
  EXPECT_EQ(make_self_signed(key_, {}).error().kind, Kind::Invalid);
  EXPECT_EQ(make_self_signed(key_, {std::string(65, 'a')}).error().kind, Kind::Invalid);
}

TEST_F(SelfSigned, RefusesWhatIsNotPem) {
  EXPECT_EQ(make_self_signed(SecretBytes("garbage"), {"localhost"}).error().kind, Kind::Invalid);
  EXPECT_EQ(certificate_is_current("garbage").error().kind, Kind::Invalid);
  EXPECT_THAT(std::string(key_.view()), StartsWith("-----BEGIN PRIVATE KEY-----\n"));
}

} // namespace alk::net::self_signed_test
