// alknetctl token: API keys of the configuration. The key is shown once and kept nowhere; its hash is what
// the configuration has. alknetctl token: what the server says about a token.
#pragma once

#include "admin.hpp"
#include "base/secret_bytes.hpp"
#include "secret_input.hpp"
#include "verbs.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace alk::alknetctl {

struct TokenJob {
  std::vector<std::string> scopes;
  std::string description;
  std::string ttl;                                  // a duration of the configuration; empty: for ever
  std::function<void(std::span<std::byte>)> random; // fills with random bytes
};

// The text of an API key.
SecretBytes api_key_of(const SecretBytes& random);

// A new key, and the table for the configuration.
int token_create(const TokenJob& job, const Output& output);
// The table for a key that is read from `in`; nothing of the key but its prefix is printed.
int token_hash(const TokenJob& job, SecretInput in, const Output& output);

// What is read from `in`, judged as if it came from `address` ("" = unknown). exit_failed when it is refused.
int token_verify(Admin& admin, SecretInput in, const std::string& address, const Output& output);

} // namespace alk::alknetctl
