#include "http_header_line.hpp"

namespace alk::listend {

namespace {

using Step = HeaderLine::Step;

// The lower-case form of a proper name character, else 0. '_' is none: it would be confused with '-' by
// programs behind.
char name_char(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20U);
  const bool proper = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  return proper ? static_cast<char>(c) : '\0';
}

} // namespace

Step HeaderLine::feed(unsigned char c) {
  switch (state_) {
  case State::Start:
    name_.clear();
    value_.clear();
    odd_name_ = false;
    if (c == '\n') return Step::End;
    if (c == '\r') {
      state_ = State::LastLineFeed;
      return Step::More;
    }
    if (c == ':') return Step::Invalid;
    return feed_name(c);
  case State::Name: return feed_name(c);
  case State::BeforeValue:
  case State::Value: return feed_value(c);
  case State::LineFeed:
    if (c == '\n') return finish();
    return c == '\r' ? Step::More : Step::Invalid;
  case State::LastLineFeed: state_ = State::Start; return c == '\n' ? Step::End : Step::Invalid;
  }
  return Step::Invalid;
}

Step HeaderLine::feed_name(unsigned char c) {
  if (const char proper = name_char(c); proper != '\0') {
    name_ += proper;
    state_ = State::Name;
    return Step::More;
  }
  if (c == ':' || c == '\r' || c == '\n') {
    if (c == '\n') return finish();
    state_ = c == ':' ? State::BeforeValue : State::LineFeed;
    return Step::More;
  }
  if (c <= 0x20 || c == 0x7f) return Step::Invalid;
  odd_name_ = true;
  state_ = State::Name;
  return Step::More;
}

Step HeaderLine::feed_value(unsigned char c) {
  if (c == '\n') return finish();
  if (c == '\0') return Step::Invalid;
  if (c == '\r') {
    state_ = State::LineFeed;
    return Step::More;
  }
  if (c == ' ' && state_ == State::BeforeValue) return Step::More;
  value_ += static_cast<char>(c);
  state_ = State::Value;
  return Step::More;
}

Step HeaderLine::finish() {
  value_.erase(value_.find_last_not_of(' ') + 1);
  state_ = State::Start;
  return odd_name_ ? Step::Skip : Step::Line;
}

} // namespace alk::listend
