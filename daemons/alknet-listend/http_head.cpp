#include "http_head.hpp"

#include "base/result.hpp"
#include "base/text.hpp"

#include <limits>

namespace alk::listend {

namespace {

using Outcome = HeadReader::Outcome;

// Digits alone, no overflow of a signed 64-bit number; empty is wrong.
std::optional<std::int64_t> parse_length(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Where a header that may come once goes to; nullptr for all others.
std::optional<std::string>* unique_place(Request& request, std::string_view name) {
  if (name == "if-modified-since") return &request.if_modified_since;
  if (name == "if-unmodified-since") return &request.if_unmodified_since;
  if (name == "if-match") return &request.if_match;
  if (name == "if-none-match") return &request.if_none_match;
  if (name == "if-range") return &request.if_range;
  if (name == "expect") return &request.expect;
  return nullptr;
}

} // namespace

Outcome HeadReader::refuse(int status) {
  status_ = status;
  part_ = Part::Done;
  return Outcome::Refused;
}

Outcome HeadReader::feed(std::string_view bytes) {
  ALK_CHECK(bytes.size() <= room());
  last_ += bytes.size();
  return parse(bytes);
}

// One byte; an outcome when the head ends with it.
std::optional<Outcome> HeadReader::parse_byte(unsigned char c) {
  const bool in_line = part_ == Part::RequestLine;
  if (!(in_line ? line_.started() : header_.started())) token_start_ = position_;
  ++position_;
  if (in_line) return end_request_line(line_.feed(c));
  switch (header_.feed(c)) {
  case HeaderLine::Step::More:
  case HeaderLine::Step::Skip: return std::nullopt;
  case HeaderLine::Step::Line: return take_header();
  case HeaderLine::Step::End: return end_head();
  case HeaderLine::Step::Invalid: break;
  }
  return refuse(400);
}

Outcome HeadReader::parse(std::string_view bytes) {
  if (!bytes.empty()) any_ = true;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto outcome = parse_byte(static_cast<unsigned char>(bytes[at]));
    if (!outcome) continue;
    rest_ = bytes.substr(at + 1);
    return *outcome;
  }
  if (position_ < capacity_) return Outcome::NeedMore;
  const bool in_line = part_ == Part::RequestLine;
  if (grow(in_line ? line_.started() : header_.started())) return Outcome::NeedMore;
  return refuse(in_line ? 414 : status_head_too_large);
}

// The buffer is full. False when nginx has no larger one.
bool HeadReader::grow(bool started) {
  if (part_ == Part::RequestLine && !started) { // nothing but line breaks: the buffer is used again
    position_ = last_ = token_start_ = 0;
    return true;
  }
  const auto kept = started ? position_ - token_start_ : 0;
  if (kept >= large_header_buffer) return false;
  if (free_ > 0)
    --free_;
  else if (busy_ == large_header_buffers)
    return false;
  ++busy_;
  capacity_ = large_header_buffer;
  position_ = last_ = kept;
  token_start_ = 0;
  return true;
}

std::optional<Outcome> HeadReader::end_request_line(RequestLine::Step step) {
  request_.method = line_.method();
  request_.version = line_.version();
  switch (step) {
  case RequestLine::Step::More: return std::nullopt;
  case RequestLine::Step::InvalidVersion: return refuse(505);
  case RequestLine::Step::Invalid:
  case RequestLine::Step::Invalid09: return refuse(400);
  case RequestLine::Step::Done: break;
  }
  auto uri = normalize_target(line_.target(), line_.path_missing());
  if (!uri) return refuse(400);
  request_.uri = std::move(*uri);
  if (line_.absolute()) {
    auto host = normalize_host_header(line_.host());
    if (!host) return refuse(400);
    request_.host = std::move(*host);
  }
  if (request_.version >= http_10) {
    part_ = Part::Headers;
    return std::nullopt;
  }
  part_ = Part::Done;
  return Outcome::Complete;
}

std::optional<Outcome> HeadReader::take_host(const std::string& value) {
  if (std::exchange(host_seen_, true)) return refuse(400);
  auto host = normalize_host_header(value);
  if (!host) return refuse(400);
  if (request_.host.empty()) request_.host = std::move(*host);
  return std::nullopt;
}

void HeadReader::take_user_agent(const std::string& agent) {
  if (std::exchange(agent_seen_, true)) return;
  const bool opera = contains(agent, "Opera");
  const auto at = agent.find("MSIE ");
  const bool explorer = at != std::string::npos && at + 7 < agent.size() && !opera;
  if (explorer && agent[at + 6] == '.') {
    const char major = agent[at + 5];
    request_.old_explorer = major == '4' || major == '5' ||
                            (major == '6' && !contains(std::string_view(agent).substr(at + 8), "SV1"));
  }
  request_.pads_errors = explorer || (!opera && !contains(agent, "Gecko/") && contains(agent, "Chrome/"));
}

std::optional<Outcome> HeadReader::take_header() {
  if (headers_++ == most_headers) return refuse(status_head_too_large);
  const auto& name = header_.name();
  const auto& value = header_.value();
  auto once = [&](std::optional<std::string>& place) -> std::optional<Outcome> {
    if (place) return refuse(400);
    place = value;
    return std::nullopt;
  };
  if (auto* place = unique_place(request_, name)) return once(*place);
  if (name == "host") return take_host(value);
  if (name == "content-length") return once(content_length_);
  if (name == "transfer-encoding") return once(transfer_encoding_);
  if (name == "content-range" && std::exchange(content_range_seen_, true)) return refuse(400);
  if (name == "authorization" && std::exchange(authorization_seen_, true)) return refuse(400);
  if (name == "range" && !request_.range) request_.range = value;
  if (name == "user-agent") take_user_agent(value);
  if (name == "connection") {
    const auto lower = to_lower(value);
    if (contains(lower, "close"))
      connection_ = false;
    else if (contains(lower, "keep-alive"))
      connection_ = true;
  }
  return std::nullopt;
}

Outcome HeadReader::end_head() {
  part_ = Part::Done;
  if (!host_seen_ && request_.version > http_10) return refuse(400);
  if (content_length_) {
    request_.content_length = parse_length(*content_length_);
    if (!request_.content_length) return refuse(400);
  }
  if (transfer_encoding_) {
    if (request_.version < http_11) return refuse(400);
    if (to_lower(*transfer_encoding_) != "chunked") return refuse(501);
    if (content_length_) return refuse(400);
    request_.chunked = true;
  }
  if (request_.method == Method::Connect || request_.method == Method::Trace) return refuse(405);
  request_.keep_alive = connection_.value_or(request_.version > http_10);
  return Outcome::Complete;
}

void HeadReader::drop_rest(std::size_t count) {
  ALK_CHECK(count <= rest_.size());
  rest_.erase(0, count);
  position_ += count;
}

// What was read beyond the end of a chunked body.
void HeadReader::add_rest(std::string_view bytes) {
  if (bytes.size() > capacity_ - last_) {
    capacity_ = large_header_buffer;
    busy_ = std::max<std::size_t>(busy_, 1);
    position_ = 0;
    last_ = rest_.size();
  }
  ALK_CHECK(bytes.size() <= capacity_ - last_);
  rest_ += bytes;
  last_ += bytes.size();
}

Outcome HeadReader::next() {
  HeadReader fresh;
  if (!rest_.empty()) { // a pipelined request goes on in the same buffer
    fresh.capacity_ = capacity_;
    fresh.position_ = position_;
    fresh.token_start_ = position_;
    fresh.last_ = last_;
    if (capacity_ == large_header_buffer) {
      fresh.free_ = free_ + busy_ - 1;
      fresh.busy_ = 1;
    }
  }
  auto bytes = std::move(rest_);
  *this = std::move(fresh);
  return bytes.empty() ? Outcome::NeedMore : parse(bytes);
}

} // namespace alk::listend
