// Who is this? The engine asks through this interface; alknet-authd answers over the bus (auth_link.hpp),
// tests answer from a table.
#pragma once

#include "base/identity.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace alk::listend {

struct LoginRequest {
  std::string key_blob; // SSH wire encoding
  std::string user;
  std::string remote_addr;
  std::uint16_t remote_port = 0;
  std::string transport; // "tcp", "tls"
};

// The reason of org.alknet.Auth1 that says nothing about the key: alknet-stored could not be asked.
inline constexpr std::string_view accounts_unavailable = "accounts-unavailable";

struct LoginVerdict {
  bool accepted = false;
  std::string reason; // one word, when refused
  Identity identity;
  Constraints constraints;
};

// Lives on the main loop; every answer comes there, later.
class Authority {
 public:
  virtual ~Authority() = default;
  virtual void verify(LoginRequest request, std::function<void(Result<LoginVerdict>)> answer) = 0;
  // Which of these identity ids can no longer log in.
  virtual void find_revoked(std::vector<std::string> ids,
                            std::function<void(Result<std::vector<std::string>>)> answer) = 0;
};

} // namespace alk::listend
