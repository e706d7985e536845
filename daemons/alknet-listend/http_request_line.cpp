#include "http_request_line.hpp"

#include <algorithm>
#include <array>

namespace alk::listend {

namespace {

using Step = RequestLine::Step;

constexpr std::string_view protocol_name = "HTTP/";
constexpr unsigned largest_minor_prefix = 99; // one more digit may follow it

bool is_letter(unsigned char c) {
  const auto lower = c | 0x20U;
  return lower >= 'a' && lower <= 'z';
}

bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

bool is_method_char(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// IP literals in brackets: letters, digits, ':' and RFC 3986's unreserved and sub-delims. "]" is handled
// before.
bool is_literal_char(unsigned char c) {
  constexpr std::string_view others = ":-._~!$&'()*+,;=";
  return is_letter(c) || is_digit(c) || others.find(static_cast<char>(c)) != std::string_view::npos;
}

Method method_named(std::string_view name) {
  if (name == "GET") return Method::Get;
  if (name == "HEAD") return Method::Head;
  if (name == "POST") return Method::Post;
  if (name == "OPTIONS") return Method::Options;
  if (name == "TRACE") return Method::Trace;
  if (name == "CONNECT") return Method::Connect;
  return Method::Other;
}

} // namespace

Step RequestLine::feed(unsigned char c) {
  switch (state_) {
  case State::Start:
  case State::Method: return feed_method(c);
  case State::BeforeTarget: return feed_before_target(c);
  case State::Scheme:
  case State::FirstSlash:
  case State::SecondSlash:
  case State::HostStart:
  case State::Host:
  case State::HostLiteral:
  case State::HostEnd:
  case State::Port: return feed_authority(c);
  case State::Target: return feed_target(c);
  case State::AfterTarget:
  case State::Protocol: return feed_after_target(c);
  case State::FirstMajor:
  case State::Major:
  case State::FirstMinor:
  case State::Minor: return feed_version(c);
  case State::AfterVersion:
  case State::LineFeed: return feed_end(c);
  }
  return Step::Invalid;
}

Step RequestLine::feed_method(unsigned char c) {
  if (state_ == State::Start && (c == '\r' || c == '\n')) return Step::More;
  if (state_ == State::Method && c == ' ') {
    method_ = method_named(name_);
    return to(State::BeforeTarget);
  }
  if (!is_method_char(c)) return Step::Invalid;
  name_ += static_cast<char>(c);
  return to(State::Method);
}

Step RequestLine::feed_before_target(unsigned char c) {
  if (c == ' ') return Step::More;
  if (c == '/') {
    target_ = "/";
    return to(State::Target);
  }
  return is_letter(c) ? to(State::Scheme) : Step::Invalid;
}

Step RequestLine::feed_authority(unsigned char c) {
  switch (state_) {
  case State::Scheme:
    if (is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.') return Step::More;
    return c == ':' ? to(State::FirstSlash) : Step::Invalid;
  case State::FirstSlash: return c == '/' ? to(State::SecondSlash) : Step::Invalid;
  case State::SecondSlash: return c == '/' ? to(State::HostStart) : Step::Invalid;
  case State::HostLiteral:
    host_ += static_cast<char>(c);
    if (c == ']') return to(State::HostEnd);
    return is_literal_char(c) ? Step::More : Step::Invalid;
  case State::HostStart:
  case State::Host:
    if (state_ == State::HostStart && c == '[') {
      host_ = "[";
      return to(State::HostLiteral);
    }
    if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-') return end_host(c);
    host_ += static_cast<char>(c);
    return to(State::Host);
  case State::Port:
    if (is_digit(c)) return Step::More;
    return c == ':' ? Step::Invalid : end_host(c);
  default: return end_host(c);
  }
}

Step RequestLine::end_host(unsigned char c) {
  absolute_ = true;
  switch (c) {
  case ':': return to(State::Port);
  case '/': target_ = "/"; return to(State::Target);
  case '?':
    target_ = "?";
    path_missing_ = true;
    return to(State::Target);
  case ' ': target_ = "/"; return to(State::AfterTarget);
  default: return Step::Invalid;
  }
}

Step RequestLine::feed_target(unsigned char c) {
  if (c == ' ') return to(State::AfterTarget);
  if (c == '\r' || c == '\n') return feed_after_target(c);
  if (c < 0x20 || c == 0x7f) return Step::Invalid;
  target_ += static_cast<char>(c);
  return Step::More;
}

Step RequestLine::feed_after_target(unsigned char c) {
  if (state_ == State::Protocol) {
    if (c != static_cast<unsigned char>(protocol_name[protocol_seen_])) return Step::Invalid;
    return ++protocol_seen_ == protocol_name.size() ? to(State::FirstMajor) : Step::More;
  }
  if (c == ' ') return Step::More;
  if (c == '\r' || c == '\n') {
    simple_ = true;
    return feed_end(c);
  }
  if (c != static_cast<unsigned char>(protocol_name.front())) return Step::Invalid;
  protocol_seen_ = 1;
  return to(State::Protocol);
}

Step RequestLine::feed_version(unsigned char c) {
  const auto digit = static_cast<unsigned>(c - '0');
  switch (state_) {
  case State::FirstMajor:
    if (c < '1' || c > '9') return Step::Invalid;
    major_ = digit;
    return major_ > 1 ? Step::InvalidVersion : to(State::Major);
  case State::Major:
    if (c == '.') return to(State::FirstMinor);
    if (!is_digit(c)) return Step::Invalid;
    return Step::InvalidVersion; // two digits are more than 1
  case State::FirstMinor:
    if (!is_digit(c)) return Step::Invalid;
    minor_ = digit;
    return to(State::Minor);
  default:
    if (c == '\r' || c == '\n' || c == ' ') return feed_end(c);
    if (!is_digit(c) || minor_ > largest_minor_prefix) return Step::Invalid;
    minor_ = minor_ * 10 + digit;
    return Step::More;
  }
}

Step RequestLine::feed_end(unsigned char c) {
  if (c == '\n') return finish();
  if (state_ == State::LineFeed) return Step::Invalid;
  if (c == '\r') return to(State::LineFeed);
  return c == ' ' ? to(State::AfterVersion) : Step::Invalid;
}

Step RequestLine::finish() {
  version_ = simple_ ? http_09 : major_ * 1000 + minor_;
  if (version_ == http_09 && method_ != Method::Get) return Step::Invalid09;
  return Step::Done;
}

} // namespace alk::listend
