#include "http_uri.hpp"

#include "base/text.hpp"

namespace alk::listend {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Builds the path segment by segment, the way a reader of the decoded characters would; an encoded '/' or '.'
// counts as the character itself, an encoded '?', '#' or '%' as an ordinary one.
class PathBuilder {
 public:
  enum class Step { More, Query, Fragment, Invalid };

  Step feed(std::string_view target, std::size_t& at) {
    char c = target[at];
    if (c != '%') {
      if (c == '?') return Step::Query;
      if (c == '#') return Step::Fragment;
      add(c);
      return Step::More;
    }
    const int high = at + 1 < target.size() ? hex_value(target[at + 1]) : -1;
    const int low = at + 2 < target.size() ? hex_value(target[at + 2]) : -1;
    if (high < 0 || low < 0) return Step::Invalid;
    at += 2;
    c = static_cast<char>(high * 16 + low);
    if (c == '\0') return Step::Invalid;
    add(c);
    return Step::More;
  }

  bool above_root() const { return above_root_; }

  void add(char c) {
    if (c != '/') {
      if (c == '.' && segment_has_plain_) dot_at_ = path_.size() + 1;
      if (c != '.' || path_.size() - segment_at_ >= 2) segment_has_plain_ = true;
      path_ += c;
      return;
    }
    end_segment();
    if (path_.empty() || path_.back() != '/') path_ += '/';
    start_segment();
  }

  // A "." segment disappears, ".." takes the one before it along.
  void end_segment() {
    const auto segment = std::string_view(path_).substr(segment_at_);
    if (segment == ".") {
      path_.pop_back();
    } else if (segment == "..") {
      path_.resize(segment_at_);                              // "/a/b/"
      if (path_.size() <= 1) return void(above_root_ = true); // "/.."
      path_.resize(path_.find_last_of('/', path_.size() - 2) + 1);
      start_segment();
    }
  }

  std::string take_path() { return std::move(path_); }
  std::string extension() const { return dot_at_ == 0 ? std::string() : path_.substr(dot_at_); }

 private:
  void start_segment() {
    segment_at_ = path_.size();
    segment_has_plain_ = false;
    dot_at_ = 0;
  }

  std::string path_;
  std::size_t segment_at_ = 0;
  std::size_t dot_at_ = 0; // behind the dot of the extension; 0 = none
  bool segment_has_plain_ =
      false; // a dot counts as the extension's only behind something that is no leading dot
  bool above_root_ = false;
};

} // namespace

std::optional<Uri> normalize_target(std::string_view target, bool path_missing) {
  PathBuilder builder;
  if (path_missing) builder.add('/');
  Uri uri;
  std::size_t at = 0;
  for (; at < target.size() && !builder.above_root(); ++at) {
    const auto step = builder.feed(target, at);
    if (step == PathBuilder::Step::Invalid) return std::nullopt;
    if (step == PathBuilder::Step::More) continue;
    if (step == PathBuilder::Step::Query) uri.query = target.substr(at + 1);
    break;
  }
  builder.end_segment();
  if (builder.above_root()) return std::nullopt;
  if (const auto fragment = uri.query.find('#'); fragment != std::string::npos) uri.query.resize(fragment);
  uri.extension = builder.extension();
  uri.path = builder.take_path();
  return uri;
}

std::optional<std::string> normalize_host_header(std::string_view host) {
  enum class Part { Name, Literal, Rest } part = Part::Name;
  std::size_t last_dot = std::string_view::npos;
  std::size_t size = host.size();
  for (std::size_t i = 0; i < host.size(); ++i) {
    const auto c = static_cast<unsigned char>(host[i]);
    if (c <= 0x20 || c == 0x7f || c == '/') return std::nullopt;
    if (c == '.') {
      if (i > 0 && last_dot == i - 1) return std::nullopt;
      last_dot = i;
    } else if (c == ':' && part == Part::Name) {
      size = i;
      part = Part::Rest;
    } else if (c == '[' && i == 0) {
      part = Part::Literal;
    } else if (c == ']' && part == Part::Literal) {
      size = i + 1;
      part = Part::Rest;
    }
  }
  if (size > 0 && last_dot == size - 1) --size;
  if (size == 0) return std::nullopt;
  return to_lower(host.substr(0, size));
}

std::string escape_path(std::string_view path) {
  constexpr std::string_view escaped = " \"#%<>?\\^`{|}";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && escaped.find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string path_extension(std::string_view path) {
  for (std::size_t i = path.size(); i-- > 2;) {
    if (path[i] == '/') break;
    if (path[i] == '.' && path[i - 1] != '/') return std::string(path.substr(i + 1));
  }
  return {};
}

} // namespace alk::listend
