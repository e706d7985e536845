#include "alknet-authd/snapshot.hpp"

#include "base/text.hpp"
#include "config/key_source.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>

namespace alk::authd {

namespace {

// A list of the configuration whose elements are paths of key files or whole lines.
struct Listed {
  const char* key;
  const std::vector<std::string>& elements;
  Bare bare;

  std::string name(std::size_t index) const { return std::string(key) + "[" + std::to_string(index) + "]"; }
};

std::vector<Listed> lists_of(const config::Auth& auth) {
  return {{"auth.ssh.authorized_keys", auth.authorized_keys, Bare::Login},
          {"auth.ssh.cert_authorities", auth.cert_authorities, Bare::Authority}};
}

std::string describe(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.describe();
  }
  return text;
}

// Reads every file, so that one answer names every unusable one.
Result<std::map<std::string, std::string>> read_files(const std::vector<Listed>& lists,
                                                      const Sources& sources) {
  std::map<std::string, std::string> files;
  std::vector<config::Problem> problems;
  std::size_t total = 0;
  for (const Listed& list : lists) {
    for (std::size_t i = 0; i < list.elements.size() && total <= max_key_bytes; ++i) {
      const std::string& element = list.elements[i];
      if (config::is_key_line(element)) continue;
      if (auto text = sources.key_file(element, max_key_file)) {
        total += text->size();
        files.insert_or_assign(element, std::move(*text));
      } else {
        problems.push_back({element, 0, list.name(i), std::move(text).error().what});
      }
    }
    if (total > max_key_bytes) problems.push_back({list.key, 0, "", "the files are too large together"});
  }
  if (!problems.empty()) return fail(Kind::Invalid, describe(problems));
  return files;
}

AuthorizedKeys parse_keys(const std::vector<Listed>& lists, const std::map<std::string, std::string>& files) {
  AuthorizedKeys keys;
  for (const Listed& list : lists)
    for (std::size_t i = 0; i < list.elements.size(); ++i) {
      const std::string& element = list.elements[i];
      if (config::is_key_line(element))
        parse_authorized_keys(list.name(i), element, keys, list.bare);
      else
        parse_authorized_keys(element, files.at(element), keys, list.bare);
    }
  return keys;
}

} // namespace

Sources sources_of(std::string path) {
  return {[path = std::move(path)](config::Sources& kept) { return config::load(path, kept); },
          [keys = config::KeySource()](const std::string& name, std::size_t limit) -> Result<std::string> {
            ALK_TRY(std::string file, keys.path(name));
            return read_key_file(file, limit);
          }};
}

Sources sources_of(std::shared_ptr<const config::CommittedText> text) {
  return {[text](config::Sources& kept) {
            kept = text->sources;
            return config::parse(text->sources, config::Unknown::Refuse);
          },
          [text](const std::string& name, std::size_t limit) -> Result<std::string> {
            auto file = text->files.find(name);
            if (file == text->files.end() || file->second.size() > limit)
              return fail(Kind::Invalid, "was not kept");
            return file->second;
          }};
}

Result<Snapshot> read_snapshot(const Sources& sources) {
  config::CommittedText text;
  auto configuration = sources.configuration(text.sources);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  const std::vector<Listed> lists = lists_of(configuration->dynamic.auth);
  ALK_TRY(text.files, read_files(lists, sources));
  KeySet keys = KeySet::build(parse_keys(lists, text.files));
  return Snapshot{std::move(keys), std::move(configuration->dynamic.auth), std::move(configuration->digest),
                  std::move(text)};
}

Result<void> check_sources(const Sources& sources) {
  config::Sources kept;
  auto configuration = sources.configuration(kept);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  ALK_TRY_VOID(read_files(lists_of(configuration->dynamic.auth), sources));
  return {};
}

Result<std::string> read_key_file(const std::string& path, std::size_t limit) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0) return fail(Kind::Invalid, std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return fail(Kind::Invalid, "not a regular file");
  auto text = read_file(path, limit);
  if (!text) return fail(Kind::Invalid, std::move(text).error().what);
  return text;
}

} // namespace alk::authd
