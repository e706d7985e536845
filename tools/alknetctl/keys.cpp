#include "keys.hpp"

#include "base/secret_file.hpp"
#include "base/text.hpp"
#include "config/config.hpp"
#include "format.hpp"
#include "json.hpp"
#include "key_lines.hpp"
#include "locked_file.hpp"
#include "pubkey/authorized_keys.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <unistd.h>

namespace alk::alknetctl {

namespace {

// Public keys are no secret, and alknet-authd, which runs as a user of its own, has to read them.
constexpr ::mode_t mode_of_new_file = 0644;

Result<std::string> read_all(std::istream& in) {
  std::string text;
  char chunk[16384];
  while (in.read(chunk, sizeof chunk) || in.gcount() > 0) {
    text.append(chunk, static_cast<std::size_t>(in.gcount()));
    if (text.size() > pubkey::max_key_file) return fail(Kind::Invalid, "standard input: too much");
  }
  return text;
}

} // namespace

Result<KeysInput> take_keys_input(const std::vector<std::string>& words, std::istream& in) {
  if (words.size() == 1 && words.front() == "-") {
    ALK_TRY(std::string text, read_all(in));
    return KeysInput{"standard input", std::move(text)};
  }
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  const bool is_file = words.size() == 1 && ::access(line.c_str(), F_OK) == 0;
  if (!is_file && (words.size() > 1 || config::is_key_line(line))) {
    if (line.find('\n') != std::string::npos) return fail(Kind::Invalid, "a key is one line");
    return KeysInput{"the line", std::move(line)};
  }
  ALK_TRY(const SecretBytes text, read_secret_file(line, pubkey::max_key_file)); // it may be the wrong half
  if (text.view().starts_with("-----BEGIN")) {
    std::string public_half = line + ".pub";
    bool there = ::access(public_half.c_str(), F_OK) == 0;
    return fail(Kind::Invalid,
                line + ": a private key; add its public half" + (there ? ", " + public_half : ""));
  }
  return KeysInput{line, std::string(text.view())};
}

namespace {

// What became of the reload that follows a change.
struct Aftermath {
  const char* word = "";
  std::uint64_t generation = 0;
  std::optional<Error> error;
};

Aftermath reload_after(const KeysJob& job) {
  if (!job.reload) return {"skipped", 0, {}};
  auto admin = job.connect();
  auto reloaded = admin ? (*admin)->reload() : Result<clients::Reloaded>(pass(Error(admin.error())));
  if (reloaded) return {"done", reloaded->generation, {}};
  // Gone may also mean alknet-authd: then the reload has failed, and alknet-listend would say so.
  if (reloaded.error().kind == Kind::Gone && (!admin || !(*admin)->status())) return {"not running", 0, {}};
  return {"failed", 0, reloaded.error()};
}

// The last words of a change, and the exit code; the JSON document holds them already.
int finish(const KeysJob& job, const Aftermath& aftermath, const Output& output) {
  if (aftermath.error) {
    if (output.format == Format::Text) {
      output.err << "error: " << words_cell(job.file) << " is changed, but not in force:\n";
      static_cast<void>(report(*aftermath.error, output));
    }
    return aftermath.error->kind == Kind::Denied ? exit_denied : exit_failed;
  }
  if (output.format == Format::Json) return exit_ok;
  if (aftermath.generation > 0)
    output.out << "generation " << aftermath.generation << " is in force\n";
  else
    output.out << (job.reload ? "alknet-listend is not running: the file counts from its next start\n"
                              : "not reloaded: `alknetctl reload` puts it in force\n");
  return exit_ok;
}

Json entry_json(const KeyEntry& entry) {
  return {
      {"line", entry.line},       {"fingerprint", entry.fingerprint},
      {"type", entry.type},       {"comment", entry.comment},
      {"options", entry.options}, {"refused", entry.refusal.empty() ? Json(nullptr) : Json(entry.refusal)}};
}

Json entries_json(const std::vector<KeyEntry>& entries) {
  Json all = Json::array();
  for (const KeyEntry& entry : entries) all.push_back(entry_json(entry));
  return all;
}

Json reload_json(const Aftermath& aftermath) {
  Json document{{"state", aftermath.word}};
  if (aftermath.generation > 0) document["generation"] = aftermath.generation;
  if (aftermath.error) document["error"] = printable_lines(aftermath.error->describe());
  return document;
}

void print_entries(const char* what, const std::vector<KeyEntry>& entries, const Output& output) {
  for (const KeyEntry& entry : entries)
    output.out << what << cell(entry.fingerprint) << ' ' << words_cell(entry.comment) << '\n';
}

// A file that the configuration in force does not name changes nothing.
std::vector<std::string> warnings_about(const KeysJob& job, const std::string& text) {
  std::vector<std::string> warnings;
  auto entries = read_key_lines(text);
  if (std::none_of(entries.begin(), entries.end(), [](auto& entry) { return entry.refusal.empty(); }))
    warnings.push_back(job.file + ": no key in it: nobody can log in with it");
  auto loaded = config::load(job.configuration);
  if (!loaded) return warnings;
  const auto& named = loaded->dynamic.auth.authorized_keys;
  bool is_named = std::any_of(named.begin(), named.end(), [&](const std::string& entry) {
    std::error_code error;
    return !config::is_key_line(entry) && std::filesystem::equivalent(entry, job.file, error);
  });
  if (!is_named)
    warnings.push_back(job.configuration + ": auth.ssh.authorized_keys does not name " + job.file +
                       ": alknet-authd does not read it");
  return warnings;
}

void print_warnings(const std::vector<std::string>& warnings, const Output& output) {
  for (const std::string& warning : warnings)
    for (const std::string& line : printable_lines(warning)) output.err << "warning: " << line << '\n';
}

} // namespace

int keys_add(const KeysJob& job, const std::vector<std::string>& words, std::istream& in,
             const Output& output) {
  auto input = take_keys_input(words, in);
  if (!input) return report(input.error(), output);
  auto file = LockedFile::open(job.file, pubkey::max_key_file);
  if (!file) return report(file.error(), output);
  auto changed = add_key_lines(file->text(), input->source, input->lines);
  if (!changed) return report(changed.error(), output);
  if (!changed->added.empty())
    if (auto written = file->replace(changed->text, mode_of_new_file); !written)
      return report(written.error(), output);
  auto warnings = warnings_about(job, changed->text);
  Aftermath aftermath = reload_after(job);
  if (output.format == Format::Json) {
    print_json({{"file", job.file},
                {"added", entries_json(changed->added)},
                {"known", entries_json(changed->known)},
                {"warnings", warnings},
                {"reload", reload_json(aftermath)}},
               output);
  } else {
    print_entries("added ", changed->added, output);
    print_entries("already there: ", changed->known, output);
    print_warnings(warnings, output);
  }
  return finish(job, aftermath, output);
}

int keys_remove(const KeysJob& job, const std::string& which, const Output& output) {
  auto file = LockedFile::open(job.file, pubkey::max_key_file);
  if (!file) return report(file.error(), output);
  auto changed = remove_key_lines(file->text(), which);
  if (!changed) return report(changed.error(), output);
  if (auto written = file->replace(changed->text, mode_of_new_file); !written)
    return report(written.error(), output);
  auto warnings = warnings_about(job, changed->text);
  Aftermath aftermath = reload_after(job);
  if (output.format == Format::Json) {
    print_json({{"file", job.file},
                {"removed", entries_json(changed->removed)},
                {"warnings", warnings},
                {"reload", reload_json(aftermath)}},
               output);
  } else {
    print_entries("removed ", changed->removed, output);
    print_warnings(warnings, output);
  }
  return finish(job, aftermath, output);
}

int keys_list(const KeysJob& job, const Output& output) {
  auto text = read_file(job.file, pubkey::max_key_file);
  if (!text && text.error().kind != Kind::NotFound) return report(text.error(), output);
  auto entries = read_key_lines(text ? *text : std::string());
  if (output.format == Format::Json) {
    print_json({{"file", job.file}, {"keys", entries_json(entries)}}, output);
    return exit_ok;
  }
  Table table({"FINGERPRINT", "TYPE", "COMMENT", "OPTIONS"});
  std::vector<std::string> warnings;
  if (!text) warnings.push_back(job.file + ": there is no such file yet");
  for (const KeyEntry& entry : entries) {
    table.add(
        {cell(entry.fingerprint), cell(entry.type), words_cell(entry.comment), words_cell(entry.options)});
    if (!entry.refusal.empty())
      warnings.push_back(job.file + ":" + std::to_string(entry.line) + ": left out: " + entry.refusal);
  }
  table.print(output.out);
  print_warnings(warnings, output);
  return exit_ok;
}

} // namespace alk::alknetctl
