// The nouns of identities, each call in a transaction of its own.
#pragma once

#include "acts.hpp"
#include "alknet-stored/accounts.hpp"
#include "alknet-stored/api_keys.hpp"
#include "alknet-stored/credentials.hpp"
#include "alknet-stored/organizations.hpp"
#include "alknet-stored/record.hpp"
#include "alknet-stored/resolve.hpp"
#include "engine_test_base.hpp"

namespace alk::stored {

// Made for these tests by ssh-keygen; nobody has their private halves.
inline constexpr const char* first_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPm+sFv6Dgip7V39N+Q1+6cQ7QGhc2ZLUFCKr6F3gRdV";
inline constexpr const char* second_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrk5hQ+PvxIXHkt9QyCrlefeBqkGYzdl/ncMtmUr83D";

inline constexpr const char* authority_key =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDVL571b1MioRBZ+SHU2RRJrN20FLNmfcfgO3t+jmPwFCIvVcYclJZkSsW9ta"
    "6w6s9h+P5ikDRGX2n/xn4u3mpAUQvhYdOwbEHpGg+tficpogaBnSZyQgqUiaki6U41WYNrnXG4SagsvTu+3kXVWS0e"
    "dMeq9ph+W7W8OQcwD5nt5UuC3ag0nrEBHhOhNysj+Fe8JnWmq4VA/Q9ac+0H1zHgATfZbPjCM51xZASYL40fWGjZTr"
    "tMP3UWVbQtqPCspqfgHWZwpJr0WuQPa31XSVm+Ttmt6VaikFbVozJ+4k+gbpCFg+Y1tkA8Uh7Ur0cH5i8BCeVdn4fp"
    "+wmqR8rI7lib";

class IdentityTest : public EngineTest {
 protected:
  // The result of `function`, run in one transaction.
  template <class Function>
  auto run(Function function) -> decltype(function(std::declval<Transaction&>())) {
    using Answer = decltype(function(std::declval<Transaction&>()));
    std::optional<Answer> answer;
    auto done = write([&](Transaction& tables) -> Result<void> {
      answer = function(tables);
      if (!*answer) return tl::unexpected<Error>(answer->error());
      return {};
    });
    if (!done && (!answer || *answer)) return tl::unexpected<Error>(done.error());
    return std::move(*answer);
  }

  Account make_account(const char* email = "ada@example.org", std::vector<std::string> scopes = {}) {
    auto made = run([&](Transaction& t) {
      return create_account(t, test_act(), {email, std::nullopt, std::nullopt, std::nullopt, scopes});
    });
    EXPECT_TRUE(made);
    return made ? *made : Account();
  }
  Result<Credential> add_key(std::string line, std::vector<std::string> scopes = {},
                             std::optional<UnixSeconds> expires = std::nullopt,
                             const char* account = "ada@example.org") {
    return run([&](Transaction& t) {
      return add_credential(t, test_act(), account, {line, "", scopes, expires});
    });
  }
  Resolution look(Presented kind, const std::string& value, UnixSeconds now = test_time) {
    auto found = run([&](Transaction& t) { return resolve(t, kind, value, now); });
    EXPECT_TRUE(found);
    return found ? *found : Resolution(Unresolved::Unknown);
  }
  std::string verdict(Presented kind, const std::string& value, UnixSeconds now = test_time) {
    Resolution found = look(kind, value, now);
    if (const auto* reason = std::get_if<Unresolved>(&found)) return std::string(unresolved_word(*reason));
    return std::get<Resolved>(found).account_id;
  }
};

template <class T>
Kind kind_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Kind::Broken : result.error().kind;
}

} // namespace alk::stored
