// What somebody presents as a token before anybody knows it: no crash, and nothing is let in that no key
// signed.
#include "alknet-authd/token_judge.hpp"
#include "pubkey/auth_token.hpp"

#include <cstdlib>

using namespace alk::authd;

static void require(bool condition) {
  if (!condition) std::abort();
}

static KeySet one_key() {
  AuthorizedKeys keys;
  parse_authorized_keys(
      "keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n", keys);
  return KeySet::build(std::move(keys));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeySet keys = one_key();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  alk::config::Auth auth;
  auth.api_keys.emplace_back();
  auth.api_keys[0].hash = "sha256:61210fdb492c840f1838774b822c184083c4093c7cb93e6c2c33732ff3b8903c";
  auto verdict = judge_token(keys, auth, text, "192.0.2.1", 1'800'000'000);
  if (std::holds_alternative<Grant>(verdict)) require(text == "alk_testsecret123");
  auto token = alk::pubkey::parse_auth_token(text);
  if (token) require(alk::pubkey::parse_auth_token(token->text()) == token);
  require(!std::holds_alternative<Grant>(verdict) || size <= max_token);
  return 0;
}
