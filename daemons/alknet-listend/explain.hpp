// What the forwarding policy says about one destination, by the function that decides about channels.
#pragma once

#include "base/identity.hpp"
#include "settings.hpp"

#include <string>

namespace alk::listend {

inline constexpr std::size_t explain_text_limit =
    1024; // a host name is at most 253 bytes, an identity far below

struct Question {
  Identity identity;
  Constraints constraints;
  config::Transport transport = config::Transport::Tcp;
  std::string host;
  std::uint16_t port = 0;
};

struct Explanation {
  bool allowed = false;
  std::int32_t rule = -1; // index in file order, -1 default, -2 constraint of the login
  std::string text;
};

// "HOST:PORT" or "[V6]:PORT", and "tcp" or "tls". Invalid otherwise.
Result<Question> parse_question(std::string_view destination, std::string_view transport);
Explanation explain_question(const Settings& settings, const Question& question);

} // namespace alk::listend
