#include "certificates.hpp"
#include "pubkey/authorized_keys.hpp"
#include "pubkey/certificate.hpp"

#include <gmock/gmock.h>

namespace alk::pubkey::certificate_test {
namespace {

using testing::certificate;
using testing::CertificateFields;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::key;
using testing::one_string;

// "good", "not understood", or the kind of the error.
std::string outcome(const CertificateFields& fields) {
  auto parsed = parse_certificate(certificate(fields));
  if (!parsed) return std::string(kind_name(parsed.error().kind));
  return parsed->understood ? "good" : "not understood";
}

std::string with_critical(testing::Options critical) {
  CertificateFields fields;
  fields.critical = std::move(critical);
  return outcome(fields);
}

const std::string invalid(kind_name(Kind::Invalid));

TEST(Certificate, SaysWhatWasCertified) {
  CertificateFields fields;
  fields.principals = {"alice", "bob"};
  fields.valid_after = 10;
  fields.valid_before = 20;
  std::string blob = certificate(fields);
  auto parsed = parse_certificate(blob);
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed->key, key(1));
  EXPECT_EQ(parsed->authority, key(100));
  EXPECT_EQ(parsed->serial, 7u);
  EXPECT_TRUE(parsed->for_user);
  EXPECT_EQ(parsed->key_id, "somebody");
  EXPECT_THAT(parsed->principals, ElementsAre("alice", "bob"));
  EXPECT_EQ(parsed->valid_after, 10u);
  EXPECT_EQ(parsed->valid_before, 20u);
  EXPECT_TRUE(parsed->understood);
  EXPECT_TRUE(parsed->port_forwarding);
  EXPECT_FALSE(parsed->source_addresses);
  EXPECT_EQ(std::string(parsed->body) + one_string(parsed->signature), blob);
}

TEST(Certificate, PortForwardingNeedsItsExtension) {
  CertificateFields fields;
  fields.extensions = {{"permit-pty", ""}, {"something new", "with data"}};
  EXPECT_FALSE(parse_certificate(certificate(fields))->port_forwarding);
  fields.extensions = {{"permit-port-forwarding", "data"}};
  EXPECT_FALSE(parse_certificate(certificate(fields))->port_forwarding);
}

TEST(Certificate, CriticalOptions) {
  EXPECT_EQ(with_critical({{"force-command", one_string("/bin/true")}, {"verify-required", ""}}), "good");
  EXPECT_EQ(with_critical({{"source-address", one_string("192.0.2.0/24,2001:db8::1")}}), "good");
  EXPECT_EQ(with_critical({{"something new", ""}}), "not understood");
  EXPECT_EQ(with_critical({{"verify-required", "data"}}), "not understood");
  EXPECT_EQ(with_critical({{"verify-required", ""}, {"verify-required", ""}}), "not understood");
  EXPECT_EQ(with_critical({{"force-command", "no string"}}), "not understood");
  for (const char* list :
       {"", "192.0.2.1,", "192.0.2.*", "!192.0.2.1", "host.example", "192.0.2.1/24", "[::1]"})
    EXPECT_EQ(with_critical({{"source-address", one_string(list)}}), "not understood") << list;
}

TEST(Certificate, SourceAddresses) {
  CertificateFields fields;
  fields.critical = {{"source-address", one_string("192.0.2.0/24,2001:db8::1")}};
  auto parsed = parse_certificate(certificate(fields));
  ASSERT_TRUE(parsed && parsed->source_addresses);
  EXPECT_EQ(parsed->source_addresses->size(), 2u);
  EXPECT_EQ(parsed->source_addresses->at(0).text(), "192.0.2.0/24");
}

TEST(Certificate, OfAHostIsToldApart) {
  CertificateFields fields;
  fields.type = 2;
  EXPECT_FALSE(parse_certificate(certificate(fields))->for_user);
  fields.type = 3;
  EXPECT_EQ(outcome(fields), invalid);
}

TEST(Certificate, PrincipalsAreBoundedAndPrintable) {
  CertificateFields fields;
  fields.principals.clear();
  EXPECT_THAT(parse_certificate(certificate(fields))->principals, IsEmpty());
  fields.principals.assign(max_certificate_principals, "x");
  EXPECT_EQ(outcome(fields), "good");
  fields.principals.emplace_back("y");
  EXPECT_EQ(outcome(fields), invalid);
  for (std::string name : {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff"),
                           std::string(max_principal + 1, 'x')}) {
    fields.principals = {name};
    EXPECT_EQ(outcome(fields), invalid) << name;
  }
}

TEST(Certificate, EveryCutIsInvalid) {
  std::string blob = certificate({});
  for (std::size_t length = 0; length < blob.size(); ++length) {
    auto parsed = parse_certificate(std::string_view(blob).substr(0, length));
    ASSERT_FALSE(parsed) << length;
    EXPECT_EQ(parsed.error().kind, Kind::Invalid) << length;
  }
  EXPECT_FALSE(parse_certificate(blob + "x"));
}

TEST(Certificate, OfAnotherKeyIsUnsupported) {
  EXPECT_EQ(parse_certificate(testing::key_of_type("ssh-rsa-cert-v01@openssh.com")).error().kind,
            Kind::Unsupported);
  EXPECT_EQ(parse_certificate(key(1)).error().kind, Kind::Unsupported);
}

TEST(Certificate, TheSignerIsAKeyAndNoCertificate) {
  std::string blob = certificate({});
  std::string chained = blob;
  chained.replace(blob.rfind(one_string(key(100))), one_string(key(100)).size(), one_string(certificate({})));
  EXPECT_FALSE(parse_certificate(chained));
}

TEST(Authorities, BareKeysOfTheirFileAreAuthorities) {
  AuthorizedKeys keys;
  std::string text = testing::line(1) + "\ncert-authority,restrict " + testing::line(2) + "\n" +
                     testing::line_of("ssh-rsa", testing::rsa_key(2048)) + "\n" +
                     testing::line("cert-authority,principals=\"a\"", 3) + "\n";
  parse_authorized_keys("cas", text, keys, Bare::Authority);
  ASSERT_EQ(keys.lines.size(), 3u);
  for (const KeyLine& line : keys.lines) EXPECT_TRUE(line.trusted && line.options.cert_authority);
  EXPECT_FALSE(keys.lines[1].options.port_forwarding);
  EXPECT_THAT(keys.warnings.texts(), ElementsAre("cas:4: principals= belongs into an authorized_keys file"));
}

} // namespace
} // namespace alk::pubkey::certificate_test
