#include "auth_link.hpp"

#include "log/log.hpp"
#include "loop/asio.hpp"

namespace alk::listend {

namespace {
using Clock = std::chrono::steady_clock;
// Between two questions about one login: a restart of alknet-authd takes about the first of them.
constexpr std::chrono::milliseconds first_wait{100};
constexpr std::chrono::milliseconds longest_wait{1000};
} // namespace

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
  auto login = co_await ask_until_answered(std::move(question));
  if (!login) {
    answer(pass(std::move(login).error()));
    co_return;
  }
  answer(LoginVerdict{login->accepted, std::move(login->reason), std::move(login->identity),
                      std::move(login->constraints)});
}

// alknet-authd that dies with the question, is restarted or is not there yet does not cost the login: a
// verdict changes nothing, so it may be asked for again.
Task<Result<clients::Login>> AuthLink::ask_until_answered(clients::LoginRequest question) {
  const Clock::time_point deadline = Clock::now() + clients::login_deadline;
  asio::steady_timer timer(main_);
  for (auto wait = first_wait;; wait = std::min(2 * wait, longest_wait)) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    clients::LoginRequest again = question;
    auto login = co_await client_.verify_public_key(std::move(again), left);
    if (login || login.error().kind != Kind::Gone || Clock::now() + wait >= deadline) co_return login;
    log::debug("a login is asked about again: " + login.error().describe());
    timer.expires_after(wait);
    if (auto error = std::get<0>(co_await timer.async_wait(loop::as_value))) co_return login;
  }
}

Task<> AuthLink::ask_revoked(std::vector<std::string> ids,
                             std::function<void(Result<std::vector<std::string>>)> answer) {
  auto revoked = co_await client_.find_revoked(std::move(ids));
  answer(std::move(revoked));
}

} // namespace alk::listend
