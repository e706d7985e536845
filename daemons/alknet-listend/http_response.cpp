#include "http_response.hpp"

#include "http_time.hpp"

namespace alk::listend {

namespace {

constexpr std::string_view tail = "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
constexpr std::string_view padding = "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
                                     "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
                                     "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
                                     "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
                                     "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
                                     "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";

// The words of the page's title and headline where they are not those of the status line.
std::string_view page_words(int status) {
  switch (status) {
  case status_head_too_large: return "Request Header Or Cookie Too Large";
  case status_plain_http: return "The plain HTTP request was sent to HTTPS port";
  default: return {};
  }
}

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::string_view status_on_wire(int status) {
  switch (status) {
  case 200: return "200 OK";
  case 206: return "206 Partial Content";
  case 301: return "301 Moved Permanently";
  case 304: return "304 Not Modified";
  case 403: return "403 Forbidden";
  case 404: return "404 Not Found";
  case 405: return "405 Not Allowed";
  case 412: return "412 Precondition Failed";
  case 413: return "413 Request Entity Too Large";
  case 414: return "414 Request-URI Too Large";
  case 416: return "416 Requested Range Not Satisfiable";
  case 500: return "500 Internal Server Error";
  case 501: return "501 Not Implemented";
  case 505: return "505 HTTP Version Not Supported";
  default: return "400 Bad Request";
  }
}

bool ends_connection(int status) {
  switch (status) {
  case 400:
  case 413:
  case 414:
  case 500:
  case 501:
  case status_head_too_large:
  case status_plain_http: return true;
  default: return false;
  }
}

std::string error_page(int status, bool padded) {
  const auto headline = status_on_wire(status);
  const auto words = page_words(status);
  std::string page = "<html>\r\n<head><title>";
  page += words.empty() ? std::string(headline) : "400 " + std::string(words);
  page += "</title></head>\r\n<body>\r\n<center><h1>";
  page.append(headline).append("</h1></center>\r\n");
  if (!words.empty()) page.append("<center>").append(words).append("</center>\r\n");
  page += tail;
  if (padded && status >= 400) page += padding;
  return page;
}

std::string format_head(const ResponseHead& head, std::time_t now) {
  std::string out = "HTTP/1.1 ";
  out.append(status_on_wire(head.status)).append("\r\nServer: nginx\r\n");
  add(out, "Date", format_http_time(now));
  if (!head.content_type.empty()) add(out, "Content-Type", head.content_type);
  if (head.content_length) add(out, "Content-Length", std::to_string(*head.content_length));
  if (head.last_modified) add(out, "Last-Modified", format_http_time(*head.last_modified));
  if (!head.location.empty()) add(out, "Location", head.location);
  add(out, "Connection", head.keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : head.more) add(out, name, value);
  return out += "\r\n";
}

} // namespace alk::listend
