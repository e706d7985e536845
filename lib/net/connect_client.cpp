#include "net/connect_client.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace alk::net {

namespace {

constexpr std::string_view connect_line_end = "\r\n";
constexpr std::string_view connect_answer_end = "\r\n\r\n";
constexpr std::string_view connect_http_name = "HTTP/1.";

bool is_authority(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
}

SecretBytes basic_credentials(std::string_view user, std::string_view password) {
  SecretBytes pair(user.size() + 1 + password.size());
  auto at = std::ranges::copy(as_bytes(user), pair.bytes().begin()).out;
  *at++ = std::byte{':'};
  std::ranges::copy(as_bytes(password), at);
  return base64_encode_secret(pair.view());
}

SecretBytes join_secret(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (std::string_view part : parts) size += part.size();
  SecretBytes whole(size);
  auto at = whole.bytes().begin();
  for (std::string_view part : parts) at = std::ranges::copy(as_bytes(part), at).out;
  return whole;
}

// CR and LF come together and nothing else below the blank but tabs, also in what has arrived so far: what
// different readers would read differently is not read at all.
bool is_clean_head(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && i + 1 < head.size() && head[i + 1] != '\n') return false;
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return false;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

// "HTTP/1.1 200 OK"; the reason may be missing, with its blank or without. 0: no status line.
std::uint32_t connect_status(std::string_view line) {
  if (!line.starts_with(connect_http_name) || line.size() < connect_http_name.size() + 5) return 0;
  const char minor = line[connect_http_name.size()];
  if (minor < '0' || minor > '9' || line[connect_http_name.size() + 1] != ' ') return 0;
  const auto digits = line.substr(connect_http_name.size() + 2, 3);
  const auto rest = line.substr(connect_http_name.size() + 5);
  const auto status = parse_number(digits);
  if (!status || digits.size() != 3 || (!rest.empty() && rest.front() != ' ')) return 0;
  return *status >= 100 && *status < 600 ? static_cast<std::uint32_t>(*status) : 0;
}

} // namespace

Result<SecretBytes> connect_request(std::string_view authority, std::string_view user,
                                    std::string_view password) {
  if (!is_authority(authority)) return fail(Kind::Invalid, "not a host and a port");
  if (user.empty())
    return join_secret({"CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, connect_answer_end});
  if (user.size() > connect_login_limit || password.empty() || password.size() > connect_login_limit)
    return fail(Kind::Invalid, "user and password of HTTP have 1 to 1024 bytes");
  const SecretBytes credentials = basic_credentials(user, password);
  return join_secret({"CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority,
                      "\r\nProxy-Authorization: Basic ", credentials.view(), connect_answer_end});
}

// A final response that is not 101: that would be another protocol than the one that was asked for.
ConnectAnswer read_connect_answer(std::string_view bytes) {
  std::size_t begin = 0;
  while (true) {
    const std::string_view rest = bytes.substr(begin);
    const auto end = rest.find(connect_answer_end);
    const std::size_t size = begin + (end == rest.npos ? rest.size() : end + connect_answer_end.size());
    if (size > connect_head_limit || !is_clean_head(bytes.substr(begin, size - begin)))
      return {ConnectAnswer::State::Malformed, 0, 0};
    const std::string_view beginning = rest.substr(0, connect_http_name.size());
    if (beginning != connect_http_name.substr(0, beginning.size()))
      return {ConnectAnswer::State::Malformed, 0, 0};
    if (end == rest.npos) {
      if (size == connect_head_limit) return {ConnectAnswer::State::Malformed, 0, 0};
      return {};
    }
    const std::uint32_t status = connect_status(rest.substr(0, rest.find(connect_line_end)));
    if (status == 0 || status == 101) return {ConnectAnswer::State::Malformed, 0, 0};
    if (status >= 200) return {ConnectAnswer::State::Done, size, status};
    begin = size;
  }
}

} // namespace alk::net
