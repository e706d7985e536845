#include "completion/completion.hpp"

#include <algorithm>
#include <vector>

namespace alk::completion {

namespace {

struct Flag {
  std::vector<std::string> names; // with their dashes
  bool takes_value = false;
  std::vector<std::string> values; // when there are only these
  std::string description;
};

struct Verb {
  std::string name;
  std::string description;
};

// The program itself or one of its verbs.
struct Place {
  std::string path; // "", " keys", " keys add"
  std::vector<Verb> verbs;
  std::vector<Flag> flags;
};

// CLI11 writes the choices of IsMember into the type: "TEXT:{tcp,tls}".
std::vector<std::string> choices(const std::string& type) {
  auto begin = type.find('{');
  auto end = type.find('}', begin);
  std::vector<std::string> values;
  if (begin == std::string::npos || end == std::string::npos) return values;
  for (std::size_t at = begin + 1; at < end;) {
    auto comma = std::min(type.find(',', at), end);
    values.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return values;
}

void add_flags(const CLI::App& app, std::vector<Flag>& flags) {
  for (const CLI::Option* option : app.get_options({})) {
    if (option->get_group().empty()) continue;
    Flag flag;
    for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    flag.takes_value = option->get_items_expected_max() > 0;
    flag.values = choices(option->get_type_name());
    flag.description = option->get_description();
    auto known = [&](const Flag& other) { return other.names == flag.names; };
    if (!flag.names.empty() && std::none_of(flags.begin(), flags.end(), known)) flags.push_back(flag);
  }
}

void collect(const CLI::App& app, const std::string& path, std::vector<const CLI::App*> parents,
             std::vector<Place>& places) {
  Place place{path, {}, {}};
  auto verbs = app.get_subcommands(std::function<bool(const CLI::App*)>());
  std::erase_if(verbs, [](const CLI::App* verb) { return verb->get_group().empty(); });
  for (const CLI::App* verb : verbs) place.verbs.push_back({verb->get_name(), verb->get_description()});
  add_flags(app, place.flags);
  if (app.get_fallthrough()) // the flags of the verbs before it may stand behind it
    for (const CLI::App* parent : parents) add_flags(*parent, place.flags);
  places.push_back(std::move(place));
  parents.push_back(&app);
  for (const CLI::App* verb : verbs) collect(*verb, path + " " + verb->get_name(), parents, places);
}

std::vector<Place> places_of(const CLI::App& program) {
  std::vector<Place> places;
  collect(program, "", {}, places);
  return places;
}

// For single quotes of bash and zsh.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string in_fish_quotes(std::string_view text) {
  std::string result = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

// "' status'|' keys'|' keys add'": every path but the program's own.
std::string all_paths(const std::vector<Place>& places, std::string_view between) {
  std::vector<std::string> paths;
  for (const Place& place : places)
    if (!place.path.empty()) paths.push_back(in_quotes(place.path));
  return joined(paths, between);
}

// Every flag with a value, once for all places: the same name means the same everywhere.
std::vector<Flag> valued_flags(const std::vector<Place>& places) {
  std::vector<Flag> found;
  for (const Place& place : places)
    for (const Flag& flag : place.flags) {
      auto known = [&](const Flag& other) { return other.names == flag.names; };
      if (flag.takes_value && std::none_of(found.begin(), found.end(), known)) found.push_back(flag);
    }
  return found;
}

std::vector<std::string> verb_names(const Place& place) {
  std::vector<std::string> names;
  for (const Verb& verb : place.verbs) names.push_back(verb.name);
  return names;
}

std::vector<std::string> flag_names(const Place& place) {
  std::vector<std::string> names;
  for (const Flag& flag : place.flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

// With no word to offer, "-o default" makes bash complete file names.
std::string bash(const std::string& program, const std::vector<Place>& places) {
  std::string name = "_" + program;
  std::string text =
      "# bash completion for " + program + "\n" + name + "() {\n" +
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} place= words= flags= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$place ${COMP_WORDS[i]}\" in\n"
      "      " +
      all_paths(places, "|") + ") place+=\" ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n" +
      "  COMPREPLY=()\n  case \"$before\" in\n";
  for (const Flag& flag : valued_flags(places))
    text += "    " + joined(flag.names, "|") + ") " +
            (flag.values.empty() ? ""
                                 : "mapfile -t COMPREPLY < <(compgen -W " +
                                       in_quotes(joined(flag.values, " ")) + " -- \"$word\"); ") +
            "return ;;\n";
  text += "  esac\n  case \"$place\" in\n";
  for (const Place& place : places)
    text += "    " + in_quotes(place.path) + ") words=" + in_quotes(joined(verb_names(place), " ")) +
            " flags=" + in_quotes(joined(flag_names(place), " ")) + " ;;\n";
  return text +
         "  esac\n  [[ $word != -* ]] || words=$flags\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n" +
         "complete -o bashdefault -o default -F " + name + " " + program + "\n";
}

// _describe wants NAME:DESCRIPTION, a colon in the name escaped; ours have none.
std::string zsh(const std::string& program, const std::vector<Place>& places) {
  std::string text = "#compdef " + program + "\n_" + program + "() {\n" +
                     "  local place= i\n  local -a verbs flags\n"
                     "  for ((i = 2; i < CURRENT; i++)); do\n"
                     "    case \"$place ${words[i]}\" in\n"
                     "      " +
                     all_paths(places, "|") + ") place+=\" ${words[i]}\" ;;\n    esac\n  done\n" +
                     "  case \"${words[CURRENT-1]}\" in\n";
  for (const Flag& flag : valued_flags(places))
    text += "    " + joined(flag.names, "|") + ") " +
            (flag.values.empty() ? "_files" : "compadd -- " + joined(flag.values, " ")) + "; return ;;\n";
  text += "  esac\n  case \"$place\" in\n";
  for (const Place& place : places) {
    std::vector<std::string> verbs, flags;
    for (const Verb& verb : place.verbs) verbs.push_back(in_quotes(verb.name + ":" + verb.description));
    for (const Flag& flag : place.flags)
      for (const std::string& name : flag.names) flags.push_back(in_quotes(name + ":" + flag.description));
    text += "    " + in_quotes(place.path) + ")\n      verbs=(" + joined(verbs, " ") + ")\n      flags=(" +
            joined(flags, " ") + ") ;;\n";
  }
  return text + "  esac\n  (( $#verbs )) && _describe verb verbs\n  _describe -o option flags\n" +
         "  (( $#verbs )) || _files\n}\n_" + program + " \"$@\"\n";
}

std::string fish_flag(const Flag& flag) {
  std::string text;
  for (const std::string& name : flag.names)
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (flag.takes_value) text += " -r";
  if (!flag.values.empty()) text += " -f -a " + in_fish_quotes(joined(flag.values, " "));
  return text + " -d " + in_fish_quotes(flag.description) + "\n";
}

std::string fish(const std::string& program, const std::vector<Place>& places) {
  std::string at = "__" + program + "_at";
  std::string text = "# fish completion for " + program + "\nfunction " + at + "\n" +
                     "    set -l place\n    set -l words (commandline -opc)\n    set -e words[1]\n"
                     "    for word in $words\n        switch \"$place $word\"\n            case " +
                     all_paths(places, " ") + "\n                set place \"$place $word\"\n" +
                     "        end\n    end\n    test \"$place\" = \"$argv[1]\"\nend\n";
  for (const Place& place : places) {
    std::string begin = "complete -c " + program + " -n " + in_fish_quotes(at + " \"" + place.path + "\"");
    for (const Verb& verb : place.verbs)
      text += begin + " -f -a " + verb.name + " -d " + in_fish_quotes(verb.description) + "\n";
    for (const Flag& flag : place.flags) text += begin + fish_flag(flag);
  }
  return text;
}

} // namespace

std::optional<Shell> find_shell(std::string_view name) {
  if (name == "bash") return Shell::Bash;
  if (name == "zsh") return Shell::Zsh;
  if (name == "fish") return Shell::Fish;
  return std::nullopt;
}

std::string script(const CLI::App& program, Shell shell) {
  auto places = places_of(program);
  switch (shell) {
  case Shell::Bash: return bash(program.get_name(), places);
  case Shell::Zsh: return zsh(program.get_name(), places);
  case Shell::Fish: return fish(program.get_name(), places);
  }
  return {};
}

CLI::App* add_verb(CLI::App& program, std::string& shell) {
  CLI::App* verb = program.add_subcommand("completion", "Print the completion script of a shell");
  verb->group("");
  verb->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return verb;
}

} // namespace alk::completion
