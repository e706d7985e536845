// An engine that is a package of its own, loaded when the configuration asks for it: its libraries (libpq
// brings LDAP, Kerberos and GnuTLS) stay out of everybody else's process.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "base/secret_bytes.hpp"

#include <memory>
#include <string>

namespace alk::stored {

struct ServerAddress {
  std::string url;      // "postgresql://...", without a password
  SecretBytes password; // empty: none is needed, or libpq's passfile has it
};

// The module's one symbol: takes the address and fills `made`. `release` is version() of whoever asks: types
// cross this border, so another release is Unsupported.
using MakeEngine = void(ServerAddress* address, const char* release, Result<std::unique_ptr<Engine>>* made);
inline constexpr const char* make_engine_symbol = "alknet_stored_make_engine";

// The module's file, beside this program. Unsupported: its package is not installed.
Result<std::string> find_postgresql();

// From the file `path`, which stays loaded. Nobody is asked yet. Errors: Unsupported (of another release),
// Invalid (the address).
Result<std::unique_ptr<Engine>> load_postgresql(const std::string& path, ServerAddress address);

} // namespace alk::stored
