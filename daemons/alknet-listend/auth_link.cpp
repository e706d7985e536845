#include "auth_link.hpp"

namespace alk::listend {

void AuthLink::verify(LoginRequest request, std::function<void(Result<LoginVerdict>)> answer) {
  tasks_.spawn("verify login", ask(std::move(request), std::move(answer)));
}

void AuthLink::find_revoked(std::vector<std::string> ids,
                            std::function<void(Result<std::vector<std::string>>)> answer) {
  tasks_.spawn("find revoked", ask_revoked(std::move(ids), std::move(answer)));
}

Task<> AuthLink::ask(LoginRequest request, std::function<void(Result<LoginVerdict>)> answer) {
  // Named first: g++ 12 copies a braced temporary inside a co_await expression bit by bit.
  clients::LoginRequest question{
      std::move(request.key_blob),
      std::move(request.user),
      {std::move(request.remote_addr), request.remote_port, std::move(request.transport)}};
  auto login = co_await client_.verify_public_key(std::move(question));
  if (!login) {
    answer(pass(std::move(login).error()));
    co_return;
  }
  answer(LoginVerdict{login->accepted, std::move(login->reason), std::move(login->identity),
                      std::move(login->constraints)});
}

Task<> AuthLink::ask_revoked(std::vector<std::string> ids,
                             std::function<void(Result<std::vector<std::string>>)> answer) {
  auto revoked = co_await client_.find_revoked(std::move(ids));
  answer(std::move(revoked));
}

} // namespace alk::listend
