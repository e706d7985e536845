// A key from its seed, read by what reads key files.
#include "base/encoding.hpp"
#include "ssh/derived_key.hpp"
#include "ssh/host_key.hpp"

#include <gtest/gtest.h>

namespace alk::ssh::derived_key_test {
namespace {

// The known answer of m/74'/0'/1'/0' for "abandon" x11 + "about".
const std::string seed = *hex_decode("be2dfaff0d268c833fd9c653b9bd352cef3ec2b211db804211c9f912b63dc3ab");
const std::string public_key =
    *hex_decode("6a9dd5c41915fba6cc22b8760263aba45b068cae7bead1d069c7b8eeb0118134");

TEST(DerivedKey, IsReadAsAHostKey) {
  const SecretBytes text = openssh_private_key(public_key, SecretBytes(seed));
  auto key = HostKey::parse(text, "secret:");
  ASSERT_TRUE(key) << key.error().describe();
  const std::string blob = std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + public_key;
  EXPECT_EQ(key->public_line(), "ssh-ed25519 " + base64_encode(blob));
}

TEST(DerivedKey, LooksAsSshKeygenWritesIt) {
  const SecretBytes text = openssh_private_key(public_key, SecretBytes(seed));
  std::string lines(text.view()), base64;
  ASSERT_TRUE(lines.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  ASSERT_TRUE(lines.ends_with("\n-----END OPENSSH PRIVATE KEY-----\n"));
  std::size_t at = lines.find('\n') + 1;
  for (auto end = lines.find('\n', at); lines[at] != '-'; at = end + 1, end = lines.find('\n', at)) {
    EXPECT_LE(end - at, 70U);
    base64 += lines.substr(at, end - at);
  }
  auto binary = base64_decode(base64);
  ASSERT_TRUE(binary);
  EXPECT_TRUE(binary->starts_with(std::string_view("openssh-key-v1\0", 15)));
  EXPECT_NE(binary->find(seed + public_key), binary->npos);
}

} // namespace
} // namespace alk::ssh::derived_key_test
