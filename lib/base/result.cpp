#include "base/result.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace alk {

std::string_view kind_name(Kind kind) {
  switch (kind) {
  case Kind::Invalid: return "Invalid";
  case Kind::Denied: return "Denied";
  case Kind::NotFound: return "NotFound";
  case Kind::Conflict: return "Conflict";
  case Kind::Busy: return "Busy";
  case Kind::Locked: return "Locked";
  case Kind::Gone: return "Gone";
  case Kind::Unsupported: return "Unsupported";
  case Kind::Broken: return "Broken";
  }
  return "Broken";
}

std::string Error::describe() const {
  std::string text;
  for (auto line = trail.rbegin(); line != trail.rend(); ++line) {
    text += *line;
    text += ": ";
  }
  return text + what;
}

static Kind kind_of_errno(int number) {
  switch (number) {
  case ENOENT:
  case ENOTDIR: return Kind::NotFound;
  case EACCES:
  case EPERM: return Kind::Denied;
  case EEXIST:
  case EADDRINUSE: return Kind::Conflict;
  case EAGAIN:
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
  case ENOSPC: return Kind::Busy;
  case ECONNRESET:
  case EPIPE:
  case ENOTCONN: return Kind::Gone;
  case EINVAL: return Kind::Invalid;
  case ENOSYS:
  case EOPNOTSUPP: return Kind::Unsupported;
  default: return Kind::Broken;
  }
}

Failure fail_errno(int number, std::string_view doing, Where at) {
  return fail(kind_of_errno(number), std::string(doing) + ": " + std::generic_category().message(number), at);
}

void check_failed(const char* condition, Where at) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", at.file, at.line, condition);
  std::abort();
}

} // namespace alk
