// alknetctl explain of an account: what each of its keys would get as a login, from alknet-authd, and what
// the forwarding policy says to that.
#pragma once

#include "store_verbs.hpp"

#include <string_view>

namespace alk::alknetctl {

// Whether an IDENTITY is one of alknet-stored's accounts, by its email address or id.
bool names_account(std::string_view identity);

int explain_account(StoreClient& store, Admin& admin, const std::string& reference,
                    const std::string& destination, const std::string& transport, const Output& output);

struct ExplainedKey {
  bus::Dictionary entry; // as ListKeys has it
  clients::Login login;
  clients::Explanation explanation; // of an accepted login
};
int print_explained(const bus::Dictionary& account, const std::vector<ExplainedKey>& keys,
                    const Output& output);

} // namespace alk::alknetctl
