// alknetctl check: reads a configuration as the daemons would, without them.
#include "config/config.hpp"
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

using Problems = std::vector<config::Problem>;

static Json problems_json(const Problems& problems) {
  Json all = Json::array();
  for (const auto& problem : problems)
    all.push_back(
        {{"file", problem.file}, {"line", problem.line}, {"key", problem.key}, {"text", problem.text}});
  return all;
}

static void print_problems(const char* level, const Problems& problems, const Output& output) {
  for (const auto& problem : problems)
    for (const std::string& line : printable_lines(problem.describe()))
      output.err << level << ": " << line << '\n';
}

int check(const std::string& file, const Output& output) {
  auto loaded = config::load(file);
  Problems errors = loaded ? Problems() : loaded.error();
  Problems warnings = loaded ? loaded->warnings : Problems();
  if (output.format == Format::Json) {
    print_json({{"file", file}, {"errors", problems_json(errors)}, {"warnings", problems_json(warnings)}},
               output);
  } else {
    print_problems("error", errors, output);
    print_problems("warning", warnings, output);
    if (errors.empty()) output.out << file << ": no errors\n";
  }
  return errors.empty() ? exit_ok : exit_failed;
}

} // namespace alk::alknetctl
