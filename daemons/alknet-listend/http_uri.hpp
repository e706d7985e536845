// Request targets and host names in the normal form that nginx 1.22 gives them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alk::listend {

struct Uri {
  std::string
      path; // decoded, "." and ".." resolved, repeated slashes merged; begins with '/', contains no NUL
  std::string query;     // after '?', as sent
  std::string extension; // of the last segment, without the dot
};

// `target`: origin form (RFC 9112 section 3.2.1), or a query alone when the path is missing. nullopt (400): a
// bad escape, an encoded NUL, or ".." above the root.
std::optional<Uri> normalize_target(std::string_view target, bool path_missing);

// Host and Host:port, lower case, without port and trailing dot; nullopt (400) when it cannot be one.
std::optional<std::string> normalize_host_header(std::string_view host);

// The path as it may stand in a Location header: what is not allowed in a URI is %-escaped.
std::string escape_path(std::string_view path);

// The extension of a path that was not parsed from a request.
std::string path_extension(std::string_view path);

} // namespace alk::listend
