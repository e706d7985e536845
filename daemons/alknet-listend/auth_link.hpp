// The Authority that asks alknet-authd over the bus, again when the question is lost, within its deadline.
#pragma once

#include "authority.hpp"
#include "clients/auth_client.hpp"
#include "loop/task_group.hpp"

namespace alk::listend {

class AuthLink final : public Authority {
 public:
  AuthLink(asio::io_context& main, clients::AuthClient& client)
      : main_(main), client_(client), tasks_(main) {}

  void verify(LoginRequest request, std::function<void(Result<LoginVerdict>)> answer) override;
  void find_revoked(std::vector<std::string> ids,
                    std::function<void(Result<std::vector<std::string>>)> answer) override;
  void stop() { tasks_.cancel(); }

 private:
  Task<> ask(LoginRequest request, std::function<void(Result<LoginVerdict>)> answer);
  Task<Result<clients::Login>> ask_until_answered(clients::LoginRequest question);
  Task<> ask_revoked(std::vector<std::string> ids,
                     std::function<void(Result<std::vector<std::string>>)> answer);

  asio::io_context& main_;
  clients::AuthClient& client_;
  loop::TaskGroup tasks_;
};

} // namespace alk::listend
