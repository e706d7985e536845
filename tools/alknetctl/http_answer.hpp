// What one HTTP request (RFC 9112) for the metrics is answered with: GET and HEAD of /metrics, and refusals
// of all else. Pure: bytes in, bytes out.
#pragma once

#include <string>
#include <string_view>

namespace alk::alknetctl {

// A scraper's request has a few hundred bytes.
inline constexpr std::size_t most_request_bytes = 8192;

// Whether the empty line that ends a request's head is there.
bool is_whole_head(std::string_view received);

enum class HttpStatus {
  Ok = 200,
  BadRequest = 400,
  NotFound = 404,
  MethodNotAllowed = 405,
  Unavailable = 503,
};

struct HttpRequest {
  HttpStatus status = HttpStatus::BadRequest; // Ok: the metrics are wanted
  bool head_only = false;
};

// `head`: up to and with the empty line; cut or odd ones are a BadRequest.
HttpRequest read_request(std::string_view head);

// The whole answer; the connection ends with it. `metrics` is the body of an Ok.
std::string http_answer(const HttpRequest& request, std::string_view metrics);

} // namespace alk::alknetctl
