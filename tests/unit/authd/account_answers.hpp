// What alknet-stored answers, for the tests of accounts.
#pragma once

#include "alknet-authd/account_judge.hpp"

namespace alk::authd::testing {

inline AccountAnswer answer_with(const std::string& stored_line,
                                 std::vector<std::string> scopes = {"relay:connect"},
                                 std::uint64_t revision = 1) {
  AccountAnswer answer;
  answer.accepted = true;
  answer.account = "a-uuid";
  answer.credential = "credential-1";
  answer.line = stored_line;
  answer.scopes = std::move(scopes);
  answer.revision = revision;
  return answer;
}

inline AccountAnswer refused(const std::string& reason, std::uint64_t revision = 1) {
  AccountAnswer answer;
  answer.reason = reason;
  answer.revision = revision;
  return answer;
}

inline std::string word(const Verdict& verdict) {
  auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "accepted" : std::string(refusal_word(*refusal));
}

} // namespace alk::authd::testing
