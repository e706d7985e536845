// The first line of an HTTP/0.9, 1.0 or 1.1 request (RFC 9112 section 3), byte by byte. Accepts and refuses
// exactly what nginx 1.22 does, at the very byte where nginx does: when an answer comes tells a prober as
// much as the answer.
#pragma once

#include <string>
#include <string_view>

namespace alk::listend {

enum class Method { Unknown, Get, Head, Post, Options, Trace, Connect, Other };

// major * 1000 + minor; a request line without a version is HTTP/0.9.
inline constexpr unsigned http_09 = 9;
inline constexpr unsigned http_10 = 1000;
inline constexpr unsigned http_11 = 1001;

class RequestLine {
 public:
  enum class Step {
    More,
    Done,
    Invalid,        // 400
    InvalidVersion, // 505
    Invalid09,      // 400 without a head: another method than GET in HTTP/0.9
  };
  Step feed(unsigned char c);

  bool started() const { return state_ != State::Start; } // false while only line breaks have come

  // Good as soon as the parser has passed them, also when the line is refused later.
  Method method() const { return method_; }
  unsigned version() const { return version_; } // http_10 until the line is complete
  // After Done:
  const std::string& target() const { return target_; } // path and query, or query alone when path_missing()
  bool path_missing() const { return path_missing_; }   // "http://host?query"
  bool absolute() const { return absolute_; }           // the line named a host
  const std::string& host() const { return host_; }     // without port

 private:
  enum class State {
    Start,
    Method,
    BeforeTarget,
    Scheme,
    FirstSlash,
    SecondSlash,
    HostStart,
    Host,
    HostLiteral,
    HostEnd,
    Port,
    Target,
    AfterTarget,
    Protocol,
    FirstMajor,
    Major,
    FirstMinor,
    Minor,
    AfterVersion,
    LineFeed
  };
  Step feed_method(unsigned char c);
  Step feed_before_target(unsigned char c);
  Step feed_authority(unsigned char c);
  Step end_host(unsigned char c);
  Step feed_target(unsigned char c);
  Step feed_after_target(unsigned char c);
  Step feed_version(unsigned char c);
  Step feed_end(unsigned char c);
  Step to(State state) {
    state_ = state;
    return Step::More;
  }
  Step finish();

  State state_ = State::Start;
  Method method_ = Method::Unknown;
  unsigned version_ = http_10;
  unsigned major_ = 0;
  unsigned minor_ = 0;
  std::size_t protocol_seen_ = 0;
  bool simple_ = false; // no version given
  bool path_missing_ = false;
  bool absolute_ = false;
  std::string name_;
  std::string target_;
  std::string host_;
};

} // namespace alk::listend
