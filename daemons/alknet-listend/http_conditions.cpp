#include "http_conditions.hpp"

#include "base/text.hpp"
#include "http_time.hpp"

#include <array>
#include <limits>

namespace alk::listend {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Whether an If-Match or If-None-Match list names `etag`. Weak comparison ignores "W/".
bool list_names(std::string_view list, std::string_view etag, bool weak) {
  if (list == "*") return true;
  while (!list.empty()) {
    if (weak && list.size() > 2 && list.starts_with("W/")) list.remove_prefix(2);
    if (list.size() < etag.size()) return false;
    if (list.starts_with(etag)) {
      list.remove_prefix(etag.size());
      while (!list.empty() && is_blank(list.front())) list.remove_prefix(1);
      if (list.empty() || list.front() == ',') return true;
    }
    list.remove_prefix(std::min(list.find(','), list.size()));
    while (!list.empty() && (is_blank(list.front()) || list.front() == ',')) list.remove_prefix(1);
  }
  return false;
}

// -1 for what cannot be read, which is before any file.
std::time_t time_or_minus_one(std::string_view text) {
  return parse_http_time(text).value_or(-1);
}

class RangeScanner {
 public:
  explicit RangeScanner(std::string_view text) : rest_(text) {}
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  char take() {
    const char c = peek();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  void skip_spaces() {
    while (peek() == ' ') take();
  }
  // At least one digit, no overflow of a signed 64-bit number.
  bool number(std::uint64_t& value) {
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    if (peek() < '0' || peek() > '9') return false;
    value = 0;
    while (peek() >= '0' && peek() <= '9') {
      const auto digit = static_cast<std::uint64_t>(take() - '0');
      if (value > (largest - digit) / 10) return false;
      value = value * 10 + digit;
    }
    return true;
  }
  bool at_item_end() const { return peek() == ',' || peek() == '\0'; }

 private:
  std::string_view rest_;
};

// One "first-last", "first-" or "-suffix". False when it is malformed.
bool scan_range(RangeScanner& scanner, std::uint64_t size, ByteRange& range) {
  range = {};
  scanner.skip_spaces();
  const bool suffix = scanner.peek() == '-';
  if (!suffix) {
    if (!scanner.number(range.begin)) return false;
    scanner.skip_spaces();
    if (scanner.peek() != '-') return false;
  }
  scanner.take();
  if (!suffix) {
    scanner.skip_spaces();
    if (scanner.at_item_end()) {
      range.end = size;
      return true;
    }
  }
  std::uint64_t last = 0;
  if (!scanner.number(last)) return false;
  scanner.skip_spaces();
  if (!scanner.at_item_end()) return false;
  if (suffix) {
    range.begin = last < size ? size - last : 0;
    range.end = size;
    return true;
  }
  range.end = last >= size ? size : last + 1;
  return true;
}

RangeVerdict scan_ranges(std::string_view text, std::uint64_t size, std::vector<ByteRange>& ranges) {
  RangeScanner scanner(text);
  std::uint64_t total = 0;
  do {
    ByteRange range;
    if (!scan_range(scanner, size, range)) return RangeVerdict::Unsatisfiable;
    if (range.begin < range.end) {
      total += range.end - range.begin;
      if (total > size) { // more than the file itself; what follows may still be malformed
        total = size + 1;
      } else {
        ranges.push_back(range);
      }
    } else if (range.begin == 0) {
      return RangeVerdict::Whole;
    }
  } while (scanner.take() == ',');
  if (total > size) return RangeVerdict::Whole;
  return ranges.empty() ? RangeVerdict::Unsatisfiable : RangeVerdict::Parts;
}

bool if_range_holds(const std::string& value, const FileFacts& file) {
  if (value.size() >= 2 && value.back() == '"') return value == file.etag();
  return time_or_minus_one(value) == file.modified;
}

} // namespace

std::string FileFacts::etag() const {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "\"%lx-%lx\"", static_cast<unsigned long>(modified),
                static_cast<unsigned long>(size));
  return text.data();
}

Condition judge_conditions(const Request& request, const FileFacts& file) {
  if (request.if_unmodified_since && time_or_minus_one(*request.if_unmodified_since) < file.modified)
    return Condition::Failed;
  if (request.if_match && !list_names(*request.if_match, file.etag(), false)) return Condition::Failed;
  if (!request.if_modified_since && !request.if_none_match) return Condition::Send;
  // nginx compares times for equality alone.
  if (request.if_modified_since && time_or_minus_one(*request.if_modified_since) != file.modified)
    return Condition::Send;
  if (request.if_none_match && !list_names(*request.if_none_match, file.etag(), true)) return Condition::Send;
  return Condition::NotModified;
}

RangeVerdict judge_range(const Request& request, const FileFacts& file, std::vector<ByteRange>& ranges) {
  constexpr std::string_view unit = "bytes=";
  ranges.clear();
  if (request.version < http_10 || !request.range) return RangeVerdict::Whole;
  const std::string_view text = *request.range;
  if (text.size() <= unit.size() || to_lower(text.substr(0, unit.size())) != unit) return RangeVerdict::Whole;
  if (request.if_range && !if_range_holds(*request.if_range, file)) return RangeVerdict::Whole;
  return scan_ranges(text.substr(unit.size()), file.size, ranges);
}

} // namespace alk::listend
