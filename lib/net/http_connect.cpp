#include "net/http_connect.hpp"

#include "base/text.hpp"
#include "net/forward_spec.hpp"

#include <algorithm>

namespace alk::net {

namespace {

constexpr std::string_view head_end = "\r\n\r\n";

std::string answer(std::string_view status) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

// Anything but printable ASCII, and CR or LF alone, may mean different things to different readers.
bool clean(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return false;
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return false;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

} // namespace

std::string http_connect_reply(SocksReply reply) {
  if (reply == SocksReply::Succeeded) return "HTTP/1.1 200 Connection established\r\n\r\n";
  return answer(reply == SocksReply::NotAllowed ? "403 Forbidden" : "502 Bad Gateway");
}

HttpConnect::State HttpConnect::refuse(std::string_view status) {
  output_ = answer(status);
  return State::Refused;
}

HttpConnect::State HttpConnect::feed(std::string_view bytes) {
  input_ += bytes;
  if (state_ != State::NeedMore) return state_;
  const auto end = input_.find(head_end);
  if (end == input_.npos) {
    if (input_.size() >= http_connect_limit) state_ = refuse("431 Request Header Fields Too Large");
    return state_;
  }
  if (end > http_connect_limit) return state_ = refuse("431 Request Header Fields Too Large");
  state_ = read_head(std::string_view(input_).substr(0, end));
  input_.erase(0, end + head_end.size());
  return state_;
}

HttpConnect::State HttpConnect::read_head(std::string_view head) {
  if (!clean(head)) return refuse("400 Bad Request");
  const auto words = split(head.substr(0, head.find("\r\n")), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return refuse("400 Bad Request");
  if (words[0] != "CONNECT") return refuse("405 Method Not Allowed\r\nAllow: CONNECT");
  // authority-form: the port is required (RFC 9110 section 9.3.6), which a default of 0 makes sure of.
  const auto authority = parse_server(words[1], 0);
  if (!authority || authority->port == 0) return refuse("400 Bad Request");
  target_ = {authority->host, authority->port};
  return is_reserved_name(target_.host) ? refuse("403 Forbidden") : State::Request;
}

ProxyRequest::State ProxyRequest::feed(std::string_view bytes) {
  if (!begun_ && !bytes.empty()) {
    begun_ = true;
    http_ = bytes.front() >= 'A' && bytes.front() <= 'Z';
  }
  return http_ ? http_connect_.feed(bytes) : socks5_.feed(bytes);
}

} // namespace alk::net
