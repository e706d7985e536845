// The head of one HTTP request, from bytes to meaning, without input or output (sans-IO). Accepts and refuses
// what nginx 1.22 does, at the same byte, and keeps nginx's arithmetic of header buffers: how much it reads
// at once and where a request becomes too large are visible to a prober.
#pragma once

#include "http_header_line.hpp"
#include "http_request_line.hpp"
#include "http_uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alk::listend {

inline constexpr std::size_t small_header_buffer = 1024; // client_header_buffer_size
inline constexpr std::size_t large_header_buffer =
    8192; // large_client_header_buffers: a request line or header line fits
inline constexpr unsigned most_headers = 1000; // Debian's max_headers; lines that are skipped do not count
inline constexpr std::size_t large_header_buffers = 4; // into one of these, and a head into all of them

struct Request {
  Method method = Method::Unknown;
  unsigned version = http_10;
  Uri uri;
  std::string host; // of the target, else of Host; empty when there is none
  std::optional<std::string> if_modified_since, if_unmodified_since, if_match, if_none_match, if_range, range,
      expect;
  std::optional<std::int64_t> content_length;
  bool chunked = false;
  bool keep_alive = false;   // what version and Connection ask for
  bool pads_errors = false;  // the browser is one that nginx pads error pages for
  bool old_explorer = false; // no keep-alive after its POST
};

// Statuses that are nginx's own; what goes over the wire is 400.
inline constexpr int status_head_too_large = 494;
inline constexpr int status_plain_http = 497;

class HeadReader {
 public:
  enum class Outcome {
    NeedMore,
    Complete, // request() is filled
    Refused,  // status() says how to answer; request() holds what was understood before
  };

  // How many bytes may be fed at most now. Not zero while more are needed.
  std::size_t room() const { return capacity_ - last_; }
  Outcome feed(std::string_view bytes);

  bool untouched() const { return !any_; } // not one byte of this request has come
  const Request& request() const { return request_; }
  int status() const { return status_; }
  bool lingers() const { return status_ == status_head_too_large; }

  // Bytes behind the head: of the body, then of the next request.
  std::string_view rest() const { return rest_; }
  void drop_rest(std::size_t count);
  void add_rest(std::string_view bytes);

  // Begins the next request of the connection, with rest().
  Outcome next();

 private:
  enum class Part { RequestLine, Headers, Done };
  Outcome parse(std::string_view bytes);
  std::optional<Outcome> parse_byte(unsigned char c);
  std::optional<Outcome> end_request_line(RequestLine::Step step);
  std::optional<Outcome> take_header();
  std::optional<Outcome> take_host(const std::string& value);
  void take_user_agent(const std::string& agent);
  Outcome end_head();
  Outcome refuse(int status);
  bool grow(bool started);

  Request request_;
  RequestLine line_;
  HeaderLine header_;
  Part part_ = Part::RequestLine;
  int status_ = 0;
  bool any_ = false;
  unsigned headers_ = 0;

  // Header values that decide only at the end.
  std::optional<std::string> content_length_, transfer_encoding_;
  bool host_seen_ = false, agent_seen_ = false, content_range_seen_ = false, authorization_seen_ = false;
  std::optional<bool> connection_; // keep-alive or close

  // nginx's buffers, as numbers.
  std::size_t capacity_ = small_header_buffer;
  std::size_t position_ = 0;    // parsed
  std::size_t last_ = 0;        // filled
  std::size_t token_start_ = 0; // of the line that is being parsed
  std::size_t busy_ = 0;        // large buffers in use
  std::size_t free_ = 0;        // large buffers kept by an earlier request
  std::string rest_;
};

} // namespace alk::listend
