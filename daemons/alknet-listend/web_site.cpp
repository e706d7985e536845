#include "web_site.hpp"

#include "mime_types.hpp"

#include <array>
#include <atomic>

namespace alk::listend {

namespace {

constexpr std::string_view index_name = "index.html";
constexpr std::uint16_t default_port = 443; // not written into redirects

bool reads(Method method) {
  return method == Method::Get || method == Method::Head;
}

// "0-99/1000"
std::string range_text(const ByteRange& range, std::uint64_t size) {
  return std::to_string(range.begin) + "-" + std::to_string(range.end - 1) + "/" + std::to_string(size);
}

// nginx numbers its multipart answers, 20 digits.
std::string next_boundary() {
  static std::atomic<std::uint64_t> counter{0};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%020llu", static_cast<unsigned long long>(++counter));
  return text.data();
}

void send_parts(Answer& answer) {
  answer.head.status = 206;
  if (answer.ranges.size() == 1) {
    const auto& range = answer.ranges.front();
    answer.head.content_length = range.end - range.begin;
    answer.head.more.emplace_back("Content-Range", "bytes " + range_text(range, answer.file_size));
    return;
  }
  const auto boundary = next_boundary();
  answer.part_lead =
      "\r\n--" + boundary + "\r\nContent-Type: " + answer.head.content_type + "\r\nContent-Range: bytes ";
  answer.tail = "\r\n--" + boundary + "--\r\n";
  std::uint64_t length = answer.tail.size();
  for (const auto& range : answer.ranges)
    length += answer.part_head(range).size() + (range.end - range.begin);
  answer.head.content_length = length;
  answer.head.content_type = "multipart/byteranges; boundary=" + boundary;
}

Answer send_file(const Request& request, FoundFile found, std::string_view extension) {
  const auto& facts = found.facts;
  const auto condition = judge_conditions(request, facts);
  if (condition == Condition::Failed) {
    auto answer = refusal(request, 412);
    answer.from_file = answer.breaks_off = true;
    return answer;
  }
  std::vector<ByteRange> ranges;
  const bool modified = condition == Condition::Send;
  const auto verdict = modified ? judge_range(request, facts, ranges) : RangeVerdict::Whole;
  if (verdict == RangeVerdict::Unsatisfiable) {
    auto answer = refusal(request, 416);
    answer.from_file = true;
    answer.head.more.emplace_back("Content-Range", "bytes */" + std::to_string(facts.size));
    return answer;
  }
  Answer answer;
  answer.from_file = true;
  answer.head.keep_alive = request.keep_alive;
  answer.head.last_modified = facts.modified;
  answer.head.more.emplace_back("ETag", facts.etag());
  if (!modified) {
    answer.head.status = 304;
    return answer;
  }
  answer.head.content_type = mime_type(extension);
  answer.file_size = facts.size;
  if (verdict == RangeVerdict::Parts) {
    answer.ranges = std::move(ranges);
    send_parts(answer);
  } else {
    answer.head.content_length = facts.size;
    answer.head.more.emplace_back("Accept-Ranges", "bytes");
    answer.ranges.push_back({0, facts.size});
  }
  answer.file = std::move(found.fd);
  return answer;
}

Answer redirect_to_directory(const Request& request, const std::string& path, const LocalEnd& here) {
  auto answer = refusal(request, 301);
  auto& location = answer.head.location;
  location = "https://" + (request.host.empty() ? here.address : request.host);
  if (here.port != default_port) location += ":" + std::to_string(here.port);
  location += escape_path(path) + "/";
  if (!request.uri.query.empty()) location += "?" + request.uri.query;
  return answer;
}

} // namespace

Answer refusal(const Request& request, int status) {
  Answer answer;
  answer.head.status = status;
  answer.head.keep_alive = request.keep_alive && !ends_connection(status);
  answer.head.content_type = "text/html";
  answer.page = error_page(status, request.pads_errors && request.version >= http_10);
  answer.head.content_length = answer.page.size();
  return answer;
}

std::string Answer::part_head(const ByteRange& range) const {
  return part_lead.empty() ? std::string() : part_lead + range_text(range, file_size) + "\r\n\r\n";
}

Answer WebSite::answer(const Request& request, const LocalEnd& here) const {
  if (request.content_length.value_or(0) > largest_body) return refusal(request, 413);
  if (!root_) return refusal(request, 404);
  return answer_from_root(request, here);
}

Answer WebSite::answer_from_root(const Request& request, const LocalEnd& here) const {
  if (!reads(request.method) && request.method != Method::Post) return refusal(request, 405);
  std::string path = request.uri.path;
  std::string extension = request.uri.extension;
  const bool directory = path.back() == '/';
  if (directory) {
    path += index_name;
    extension = path_extension(path);
  }
  auto found = root_->find(path);
  if (directory && found.status == 404 && root_->has_directory(request.uri.path))
    found.status = 403; // no index
  if (found.status == 301) return redirect_to_directory(request, path, here);
  if (found.status != 200) return refusal(request, found.status);
  if (request.method == Method::Post) return refusal(request, 405);
  return send_file(request, std::move(found), extension);
}

} // namespace alk::listend
