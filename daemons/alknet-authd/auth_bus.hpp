// org.alknet.Auth1 (contracts/org.alknet.Auth1.xml) over Transactions and Judge: decode, act, log once,
// signal, answer.
#pragma once

#include "alknet-authd/accounts.hpp"
#include "alknet-authd/counts.hpp"
#include "alknet-authd/transactions.hpp"
#include "bus/object.hpp"

#include <functional>
#include <memory>

namespace alk::authd {

inline constexpr const char* bus_name = "org.alknet.Auth1";
inline constexpr const char* bus_path = "/org/alknet/Auth1";

class AuthBus {
 public:
  // `prepared` is called after each successful Prepare: its result has to be dropped when its lifetime is
  // over.
  AuthBus(Transactions& transactions, std::function<UnixSeconds()> now, std::function<void()> prepared,
          Accounts& accounts);

  // Exports the interface for as long as this object lives.
  Result<void> serve(bus::Connection& connection, bus::Accounts accounts = bus::Accounts::of_this_machine());

  // Accounts changed, or can be asked again: whoever has sessions of theirs has to ask.
  void accounts_changed();
  bool accounts_on() const { return transactions_.current()->auth.providers.size() > 1; }

  // `self` may be null when no handler will ever run (--bus-introspect).
  static bus::Interface interface(AuthBus* self);

 private:
  const char* accounts_word() const;
  static std::vector<bus::Method> methods(AuthBus* self);
  static std::vector<bus::Property> properties(AuthBus* self);
  void verify_public_key(bus::Call call);
  void verify_token(bus::Call call);
  Result<void> lookup(bus::Call& call);
  void lookup_credential(bus::Call call);
  void find_revoked(bus::Call call);
  // The verdict of all providers, in their order; `configured` is that of the configuration. `inquire` is
  // called at once or not at all: where files decide, nothing is prepared for accounts.
  void decide(Verdict configured, const std::function<Inquiry()>& inquire,
              std::function<void(const Verdict&)> done, Accounts::Use use = Accounts::Use::Login);
  Result<void> prepare(bus::Call& call);
  Result<void> commit(bus::Call& call);
  Result<void> abort(bus::Call& call);
  Result<void> reload(bus::Call& call);
  Result<void> get_metrics(bus::Call& call);
  void announce(const Transactions::Committed& committed);
  Result<void> emit_changed(std::uint64_t generation, std::span<const std::string> revoked);

  Transactions& transactions_;
  std::function<UnixSeconds()> now_;
  std::function<void()> prepared_;
  Counts counts_;
  Accounts& accounts_;
  std::unique_ptr<bus::Object> object_;
};

// One warning for each line that was left out, and one when nobody can log in.
void log_snapshot(const Snapshot& snapshot);

} // namespace alk::authd
