#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static int exit_code(Kind kind) {
  switch (kind) {
  case Kind::Gone: return exit_not_running;
  case Kind::Denied: return exit_denied;
  default: return exit_failed;
  }
}

static std::vector<std::string> lines_of(const Error& error) {
  return printable_lines(error.kind == Kind::Gone ? "not running: " + error.describe() : error.describe());
}

Json error_json(const Error& error) {
  return {{"kind", kind_name(error.kind)}, {"lines", lines_of(error)}};
}

int report(const Error& error, const Output& output) {
  std::vector<std::string> lines = lines_of(error);
  if (output.format == Format::Json) {
    print_json({{"error", error_json(error)}}, output);
  } else {
    for (const std::string& line : lines) output.err << "error: " << line << '\n';
  }
  return exit_code(error.kind);
}

} // namespace alk::alknetctl
