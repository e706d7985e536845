#include "http_answer.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace alk::alknetctl {

namespace {

constexpr std::string_view path = "/metrics";
constexpr std::string_view scheme = "http://"; // of the absolute form, which proxies use

std::vector<std::string_view> lines_of(std::string_view head) {
  std::vector<std::string_view> lines;
  for (std::string_view line : split(head, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

bool is_method(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Without the query; empty: no form of a target that we know.
std::string_view path_of(std::string_view target) {
  if (target.starts_with(scheme)) {
    auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return {};
  return target.substr(0, target.find('?'));
}

bool is_host(std::string_view line) {
  constexpr std::string_view name = "host:";
  return line.size() >= name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

bool is_text(std::string_view line) {
  return std::none_of(line.begin(), line.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  });
}

const char* phrase(HttpStatus status) {
  switch (status) {
  case HttpStatus::Ok: return "OK";
  case HttpStatus::BadRequest: return "Bad Request";
  case HttpStatus::NotFound: return "Not Found";
  case HttpStatus::MethodNotAllowed: return "Method Not Allowed";
  case HttpStatus::Unavailable: return "Service Unavailable";
  }
  return "";
}

} // namespace

bool is_whole_head(std::string_view received) {
  return received.find("\n\r\n") != std::string_view::npos || received.find("\n\n") != std::string_view::npos;
}

HttpRequest read_request(std::string_view head) {
  if (!is_whole_head(head)) return {};
  const auto lines = lines_of(head);
  const auto end = std::find(lines.begin(), lines.end(), std::string_view());
  const auto words = split(lines.front(), ' ');
  if (words.size() != 3 || !std::all_of(lines.begin(), end, is_text)) return {};
  const bool newer = words[2] == "HTTP/1.1";
  const std::string_view wanted = path_of(words[1]);
  if (!is_method(words[0]) || wanted.empty() || (!newer && words[2] != "HTTP/1.0")) return {};
  const auto hosts = std::count_if(lines.begin() + 1, end, is_host);
  if (hosts > 1 || (newer && hosts == 0)) return {};
  const bool head_only = words[0] == "HEAD";
  if (wanted != path) return {HttpStatus::NotFound, head_only};
  if (words[0] != "GET" && !head_only) return {HttpStatus::MethodNotAllowed, false};
  return {HttpStatus::Ok, head_only};
}

std::string http_answer(const HttpRequest& request, std::string_view metrics) {
  const bool ok = request.status == HttpStatus::Ok;
  const std::string body = ok ? std::string(metrics) : std::string(phrase(request.status)) + "\n";
  std::string text = "HTTP/1.1 " + std::to_string(static_cast<int>(request.status)) + " " +
                     phrase(request.status) + "\r\nContent-Type: text/plain; " +
                     (ok ? "version=0.0.4; " : "") +
                     "charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (request.status == HttpStatus::MethodNotAllowed) text += "Allow: GET, HEAD\r\n";
  text += "Connection: close\r\n\r\n";
  return request.head_only ? text : text + body;
}

} // namespace alk::alknetctl
