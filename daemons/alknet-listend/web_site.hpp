// The web side of a stealth listener: what it answers to one request. It is what nginx 1.22 would be with
// `server_tokens off` and either `root DIRECTORY` or `location / { return 404; }`.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "http_response.hpp"
#include "web_root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace alk::listend {

inline constexpr std::int64_t largest_body = 1 << 20; // client_max_body_size; larger announced bodies get 413

// Where a directory redirect points when the request names no host.
struct LocalEnd {
  std::string address; // numeric, without brackets
  std::uint16_t port = 443;
};

// The body is `page`, then each range of the file (in front of each, in a multipart answer, its own head),
// then `tail`.
struct Answer {
  ResponseHead head;
  std::string page;
  Fd file;
  std::uint64_t file_size = 0;
  std::vector<ByteRange> ranges;
  std::string part_lead; // up to "Content-Range: bytes "; empty unless multipart
  std::string tail;
  bool from_file = false;  // a file was found: "Expect: 100-continue" is honoured before it is sent
  bool breaks_off = false; // nginx drops the connection after this one

  std::string part_head(const ByteRange& range) const; // empty unless multipart
};

class WebSite {
 public:
  WebSite() = default; // built in: 404 for everything
  explicit WebSite(WebRoot root) : root_(std::move(root)) {}

  Answer answer(const Request& request, const LocalEnd& here) const;

 private:
  Answer answer_from_root(const Request& request, const LocalEnd& here) const;
  std::optional<WebRoot> root_;
};

// An error page or redirect, keep-alive as the request wants it unless the status forbids.
Answer refusal(const Request& request, int status);

} // namespace alk::listend
