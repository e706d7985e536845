// Reading alknet.toml and its drop-ins.
#include "config/config.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "config/schema.hpp"

#include <algorithm>
#include <filesystem>

#include <sodium/crypto_hash_sha256.h>

namespace alk::config {

static constexpr std::size_t total_limit = 4 << 20; // some 50,000 rules; a reload holds it a few times over

const TlsFiles& tls_files(const Static& fixed, const Listener& listener) {
  return listener.tls == TlsFiles{} ? fixed.server.tls : listener.tls;
}

bool is_key_line(std::string_view entry) {
  entry = trim(entry);
  if (entry.starts_with('/') || entry.starts_with("./") || entry.starts_with(credential_prefix)) return false;
  return entry.find_first_of(" \t") != entry.npos;
}

// Length before content, so that no two lists of files have the same input.
static std::string digest_of(const Sources& files) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  auto add = [&](std::string_view bytes) {
    auto head = std::to_string(bytes.size()) + ":";
    for (std::string_view part : {std::string_view(head), bytes})
      crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  };
  for (auto& file : files) {
    add(file.name);
    add(file.text);
  }
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&state, hash);
  return hex_encode({reinterpret_cast<const char*>(hash), sizeof hash});
}

// The part of `path` before the last slash; "" when there is none.
static std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == path.npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

static Configuration read_sources(const Sources& files, Report& report) {
  Configuration whole;
  bool readable = true;
  for (auto& file : files) {
    report.open_file(file.path);
    auto document = parse_toml(file.text);
    readable = readable && document;
    if (document)
      read_document(&*document, whole, report);
    else
      report.problem(document.error().line, "", document.error().text);
  }
  resolve_paths(directory_of(files.front().path), whole);
  if (readable) check_whole(whole, report); // what a broken file would have said is unknown
  whole.digest = digest_of(files);
  return whole;
}

static Checked<Configuration> verdict(Configuration whole, const Report& report) {
  if (!report.clean()) return tl::unexpected(report.problems());
  whole.warnings = report.warnings();
  return whole;
}

Checked<Configuration> parse(const std::string& name, std::string_view text) {
  return parse({{name, name, std::string(text)}}, Unknown::Refuse);
}

Checked<Configuration> parse(const Sources& sources, Unknown unknown) {
  std::size_t size = 0;
  for (auto& file : sources) size += file.text.size();
  auto name = sources.empty() ? std::string() : sources.front().path;
  if (sources.empty() || size > total_limit)
    return tl::unexpected(
        std::vector<Problem>{{name, 0, "", sources.empty() ? "no file" : "larger than 4 MiB"}});
  Report report;
  if (unknown == Unknown::Ignore) report.ignore_unknown();
  return verdict(read_sources(sources, report), report);
}

// Names below `path`.d that end in .toml, sorted by bytes; hidden ones are left out, as a shell's *.toml
// does.
static std::vector<std::string> find_drop_ins(const std::string& path, std::vector<Problem>& problems) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(path + ".d", error), end;
  for (; !error && entries != end; entries.increment(error)) {
    auto name = entries->path().filename().string();
    if (!name.starts_with('.') && name.ends_with(".toml")) names.push_back(name);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    problems.push_back({path + ".d", 0, "", "cannot be read: " + error.message()});
  std::sort(names.begin(), names.end());
  return names;
}

static void read_source(SourceFile file, Sources& files, std::size_t& left, std::vector<Problem>& problems) {
  auto text = read_file(file.path, left);
  if (!text) {
    auto what = text.error().what;
    if (what.starts_with(file.path + ": ")) what.erase(0, file.path.size() + 2);
    problems.push_back({file.path, 0, "", "cannot be read: " + what});
    return;
  }
  left -= text->size();
  file.text = std::move(*text);
  files.push_back(std::move(file));
}

Checked<Configuration> load(const std::string& path) {
  Sources files;
  return load(path, files);
}

Checked<Configuration> load(const std::string& path, Sources& files) {
  files.clear();
  std::vector<Problem> unreadable;
  std::size_t left = total_limit;
  auto base = path.substr(path.rfind('/') + 1);
  read_source({path, base, ""}, files, left, unreadable);
  for (auto& name : find_drop_ins(path, unreadable))
    read_source({path + ".d/" + name, base + ".d/" + name, ""}, files, left, unreadable);
  Report report;
  if (files.empty()) return tl::unexpected(std::move(unreadable));
  auto whole = read_sources(files, report);
  check_key_files(whole, report);
  if (unreadable.empty()) return verdict(std::move(whole), report);
  auto found = report.problems();
  unreadable.insert(unreadable.end(), found.begin(), found.end());
  return tl::unexpected(std::move(unreadable));
}

std::vector<std::string> known_keys() {
  Report report;
  Configuration nothing;
  read_document(nullptr, nothing, report);
  return {report.known_keys().begin(), report.known_keys().end()};
}

} // namespace alk::config
