// Accounts as a second source of identities (network.md 5.1): which questions a presented credential raises,
// and the verdict once they are answered. The line of a stored key is judged by the code that judges a line
// of a file, so that both let in the same and limit the same; what differs is who it is and what that may.
#pragma once

#include "alknet-authd/token_judge.hpp"
#include "clients/account_client.hpp"

#include <functional>
#include <memory>

namespace alk::authd {

using clients::AccountAnswer;

// An answer of the store with its line read: that costs more than all else, so it is done once.
struct Known {
  AccountAnswer answer;
  KeySet keys;            // of its line
  std::size_t weight = 0; // bytes of text in the answer
};
using KnownPtr = std::shared_ptr<const Known>;
KnownPtr read_answer(AccountAnswer answer);

struct Question {
  std::string kind; // of org.alknet.Store1.Authenticate
  std::string value;
};

struct Inquiry {
  std::vector<Question> questions; // the next one when the answer is "unknown"
  // About an accepted answer, and which question it answers.
  std::function<Verdict(const Known& known, const Question& question)> judge;
};

// Without questions where accounts can know nothing. Everything is copied.
Inquiry inquire_key(const Attempt& attempt, UnixSeconds now);
Inquiry inquire_token(const config::Auth& auth, std::string_view token, std::string_view address,
                      UnixSeconds now);
// Without a peer and without the key: what its login would be granted. Of an authority: what every
// certificate of it gets before its own principals and limits.
Inquiry inquire_fingerprint(std::string_view fingerprint, UnixSeconds now);

// Of an answer that does not accept.
Refusal refusal_of(const AccountAnswer& answer);

// Constraints::credential of a login by account, as something to ask again.
struct AccountLogin {
  Question question;
  std::string credential; // the id in the store: the same key given to another account is another one
  std::string inner;      // of a certificate: what certificate_login made
};
std::string account_credential(const AccountLogin& login);
std::optional<AccountLogin> parse_account_credential(std::string_view text);
bool still_admitted(const AccountLogin& login, const Known& known, UnixSeconds now);

} // namespace alk::authd
