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

int report(const Error& error, const Output& output) {
  std::string text = error.kind == Kind::Gone ? "not running: " + error.describe() : error.describe();
  std::vector<std::string> lines = printable_lines(text);
  if (output.format == Format::Json) {
    print_json({{"error", {{"kind", kind_name(error.kind)}, {"lines", lines}}}}, output);
  } else {
    for (const std::string& line : lines) output.err << "error: " << line << '\n';
  }
  return exit_code(error.kind);
}

} // namespace alk::alknetctl
