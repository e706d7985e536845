#include "http_body.hpp"

#include <algorithm>
#include <limits>

namespace alk::listend {

namespace {

constexpr std::int64_t read_size = 4096; // nginx's discard buffer
constexpr std::int64_t largest_chunk_prefix =
    std::numeric_limits<std::int64_t>::max() / 16; // one hex digit more fits

int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const auto lower = static_cast<unsigned char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

BodySkipper BodySkipper::of_length(std::int64_t length) {
  BodySkipper skipper;
  skipper.state_ = length > 0 ? State::Counted : State::Finished;
  skipper.left_ = length;
  return skipper;
}

BodySkipper BodySkipper::chunked() {
  BodySkipper skipper;
  skipper.state_ = State::ChunkStart;
  return skipper;
}

std::size_t BodySkipper::wanted() const {
  return static_cast<std::size_t>(state_ == State::Counted ? std::min(left_, read_size) : read_size);
}

BodySkipper::Step BodySkipper::feed(std::string_view& bytes) {
  while (!bytes.empty() && !done()) {
    if (state_ == State::Counted || state_ == State::Data) {
      const auto count = std::min(left_, static_cast<std::int64_t>(bytes.size()));
      bytes.remove_prefix(static_cast<std::size_t>(count));
      left_ -= count;
      if (left_ == 0) state_ = state_ == State::Counted ? State::Finished : State::DataEnd;
      continue;
    }
    const auto c = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (!feed_framing(c)) return Step::Invalid;
  }
  return done() ? Step::Done : Step::More;
}

bool BodySkipper::expect_line_feed(unsigned char c, State then) {
  if (c != '\n') return false;
  state_ = then;
  return true;
}

bool BodySkipper::feed_size(unsigned char c) {
  if (left_ > largest_chunk_prefix) return false;
  if (const int digit = hex_value(c); digit >= 0) {
    left_ = left_ * 16 + digit;
    return true;
  }
  const bool last = left_ == 0;
  if (c == '\r')
    state_ = last ? State::LastExtensionEnd : State::ExtensionEnd;
  else if (c == '\n')
    state_ = last ? State::Trailer : State::Data;
  else if (c == ';' || c == ' ' || c == '\t')
    state_ = last ? State::LastExtension : State::Extension;
  else
    return false;
  return true;
}

bool BodySkipper::feed_framing(unsigned char c) {
  // A line of which only the end matters.
  auto skip_line = [&](State on_return, State on_line_feed) {
    if (c == '\r') state_ = on_return;
    if (c == '\n') state_ = on_line_feed;
    return true;
  };
  switch (state_) {
  case State::ChunkStart:
    left_ = hex_value(c);
    state_ = State::ChunkSize;
    return left_ >= 0;
  case State::ChunkSize: return feed_size(c);
  case State::Extension: return skip_line(State::ExtensionEnd, State::Data);
  case State::ExtensionEnd: return expect_line_feed(c, State::Data);
  case State::DataEnd:
    if (c == '\r') {
      state_ = State::DataLineFeed;
      return true;
    }
    return expect_line_feed(c, State::ChunkStart);
  case State::DataLineFeed: return expect_line_feed(c, State::ChunkStart);
  case State::LastExtension: return skip_line(State::LastExtensionEnd, State::Trailer);
  case State::LastExtensionEnd: return expect_line_feed(c, State::Trailer);
  case State::Trailer: state_ = State::TrailerLine; return skip_line(State::TrailerEnd, State::Finished);
  case State::TrailerEnd: return expect_line_feed(c, State::Finished);
  case State::TrailerLine: return skip_line(State::TrailerLineEnd, State::Trailer);
  case State::TrailerLineEnd: return expect_line_feed(c, State::Trailer);
  default: return false;
  }
}

} // namespace alk::listend
