// A directory of static files. Paths come from peers: nothing outside the directory is ever opened, neither
// by ".." nor by a symbolic link; links that stay inside are followed.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "http_conditions.hpp"

#include <string>

namespace alk::listend {

struct FoundFile {
  // 200 with an open file; 301: it is a directory, asked for without '/'; else 403, 404 or 500.
  int status = 404;
  Fd fd;
  FileFacts facts;
};

class WebRoot {
 public:
  // Errors: NotFound, Denied, Invalid (not a directory).
  static Result<WebRoot> open(const std::string& directory);

  // `path`: normalised, begins with '/'. The index file of a directory is asked for by name.
  FoundFile find(const std::string& path) const;
  bool has_directory(const std::string& path) const;

 private:
  explicit WebRoot(Fd root) : root_(std::move(root)) {}
  Fd root_;
};

} // namespace alk::listend
