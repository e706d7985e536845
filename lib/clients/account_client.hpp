// org.alknet.Store1 as alknet-authd sees it: whose a credential is, and that there is something new to ask.
#pragma once

#include "base/identity.hpp"
#include "bus/connection.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace alk::clients {

// Authenticate's answer; what is empty was not there.
struct AccountAnswer {
  bool accepted = false;
  std::string reason; // when refused: unknown, revoked, disabled, expired, account-inactive
  std::string account;
  std::string credential; // its id
  std::string line;       // of a key or CA, as in authorized_keys(5)
  std::vector<std::string> scopes;
  std::optional<std::uint64_t> expires; // Unix seconds
  std::map<std::string, std::vector<std::string>> resources;
  std::uint64_t revision = 0; // of the store, at which this is true
};

// Ids of credentials and when they were used last, Unix seconds.
using Uses = std::vector<std::pair<std::string, std::uint64_t>>;
inline constexpr std::size_t max_uses = 1000; // the contract's limit of MarkUsed

class AccountClient {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;

  explicit AccountClient(bus::Connection& connection);

  // Gone without an answer within `timeout`; then nobody may be let in. Starts the service when it can be.
  void authenticate(const std::string& kind, const std::string& value, std::chrono::milliseconds timeout,
                    Answer<AccountAnswer> answer);
  // These two start nothing.
  void revision(std::chrono::milliseconds timeout, Answer<std::uint64_t> answer);
  void mark_used(const Uses& uses, std::chrono::milliseconds timeout, Answer<void> answer);

  // Something was changed: the store's newest revision.
  void on_changed(std::function<void(std::uint64_t)> callback) { on_changed_ = std::move(callback); }
  // alknet-stored came or went.
  void on_present(std::function<void(bool)> callback) { on_present_ = std::move(callback); }

 private:
  bus::Connection& connection_;
  std::function<void(std::uint64_t)> on_changed_;
  std::function<void(bool)> on_present_;
  bus::Slot watch_;
  bus::Slot changed_;
};

Result<AccountAnswer> read_account_answer(bus::Message& reply);
void write_uses(bus::Message& call, const Uses& uses);

} // namespace alk::clients
