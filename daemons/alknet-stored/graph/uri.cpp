#include "alknet-stored/graph/uri.hpp"

#include "base/encoding.hpp"

#include <optional>

namespace alk::stored {
namespace {

struct Parsed {
  std::string_view scheme;                   // with its colon
  std::optional<std::string_view> authority; // with its slashes
  std::string_view path;
  std::string_view query;    // with its mark
  std::string_view fragment; // with its mark
};

std::string_view cut(std::string_view& text, std::size_t size) {
  auto head = text.substr(0, size);
  text.remove_prefix(head.size());
  return head;
}

Parsed parse(std::string_view text) {
  Parsed uri;
  auto colon = text.find(':');
  if (colon != text.npos && colon > 0 && text.substr(0, colon).find_first_of("/?#") == text.npos)
    uri.scheme = cut(text, colon + 1);
  if (text.starts_with("//")) uri.authority = cut(text, text.find_first_of("/?#", 2));
  uri.path = cut(text, text.find_first_of("?#"));
  if (text.starts_with('?')) uri.query = cut(text, text.find('#'));
  uri.fragment = text;
  return uri;
}

// RFC 3986 section 5.2.4.
std::string without_dots(std::string_view path) {
  std::string result;
  bool rooted = path.starts_with('/');
  if (rooted) path.remove_prefix(1);
  while (true) {
    auto slash = path.find('/');
    auto segment = path.substr(0, slash);
    bool last = slash == path.npos;
    if (segment == "..") {
      auto at = result.empty() ? result.npos : result.rfind('/', result.size() - 2);
      result.resize(at == result.npos ? 0 : at + 1);
    } else if (segment != ".") {
      result += segment;
      if (!last) result += '/';
    }
    if (last) break;
    path.remove_prefix(slash + 1);
  }
  return rooted ? '/' + result : result;
}

std::string joined_path(const Parsed& base, std::string_view path) {
  if (path.starts_with('/')) return without_dots(path);
  if (base.path.empty() && base.authority) return without_dots('/' + std::string(path));
  auto slash = base.path.rfind('/');
  std::string merged(slash == base.path.npos ? "" : base.path.substr(0, slash + 1));
  return without_dots(merged + std::string(path));
}

} // namespace

std::string resolve_uri(std::string_view base_text, std::string_view reference) {
  auto uri = parse(reference);
  if (!uri.scheme.empty()) return std::string(reference);
  auto base = parse(base_text);
  std::string result(base.scheme);
  if (uri.authority) return result.append(reference);
  result += base.authority.value_or("");
  if (uri.path.empty()) {
    result += base.path;
    result += uri.query.empty() ? base.query : uri.query;
  } else {
    result += joined_path(base, uri.path);
    result += uri.query;
  }
  return result.append(uri.fragment);
}

UriParts split_fragment(std::string_view uri) {
  auto mark = uri.find('#');
  UriParts parts{std::string(uri.substr(0, mark)), {}};
  if (mark == uri.npos) return parts;
  auto raw = uri.substr(mark + 1);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    auto byte = raw[i] == '%' && i + 2 < raw.size() ? hex_decode(raw.substr(i + 1, 2)) : std::nullopt;
    parts.fragment += byte ? *byte : std::string(1, raw[i]);
    i += byte ? 2 : 0;
  }
  return parts;
}

} // namespace alk::stored
