#include "usage/usage.hpp"

namespace alk::usage {

namespace {

// The last verb of the line that is one.
struct Reached {
  const CLI::App* verb;
  std::string path;
};

Reached reached_by(const CLI::App& program) {
  Reached reached{&program, program.get_name()};
  for (auto verbs = program.get_subcommands(); !verbs.empty(); verbs = reached.verb->get_subcommands()) {
    reached.verb = verbs.back();
    reached.path += " " + reached.verb->get_name();
  }
  return reached;
}

bool has_verbs(const CLI::App& app) {
  return !app.get_subcommands([](const CLI::App*) { return true; }).empty();
}

bool is(const CLI::Error& error, CLI::ExitCodes code) {
  return error.get_exit_code() == static_cast<int>(code);
}

std::string what_is_wrong(const CLI::App& program, const CLI::App& verb, const CLI::Error& error) {
  const bool too_little = is(error, CLI::ExitCodes::RequiredError);
  const bool too_much = is(error, CLI::ExitCodes::ExtrasError);
  const bool awaits_verb = has_verbs(verb) && verb.get_subcommands().empty();
  const std::vector<std::string> unknown = program.remaining(true);
  if (unknown.empty()) return too_little && awaits_verb ? "a verb is needed" : error.what();
  if (!too_little && !too_much) return error.what();
  if (unknown.front().starts_with('-')) return "no such option: " + unknown.front();
  if (awaits_verb) return "no such verb: " + unknown.front();
  return too_much ? "one argument too many: " + unknown.front() : error.what();
}

} // namespace

std::string explain(const CLI::App* program, const CLI::Error& error) {
  const Reached reached = reached_by(*program);
  return "error: " + what_is_wrong(*program, *reached.verb, error) + "\nRun " + reached.path +
         " --help for more.\n";
}

} // namespace alk::usage
