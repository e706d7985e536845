#include "key_lines.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "pubkey/authorized_keys.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace alk::alknetctl {

namespace {

using Entries = std::vector<KeyEntry>;

struct KeyLine {
  std::size_t number;
  std::string_view whole;   // with its newline
  std::string_view content; // trimmed
};

std::vector<KeyLine> lines_of(std::string_view text) {
  std::vector<KeyLine> lines;
  while (!text.empty()) {
    auto end = text.find('\n');
    std::string_view whole = text.substr(0, end == std::string_view::npos ? end : end + 1);
    lines.push_back({lines.size() + 1, whole, trim(whole)});
    text.remove_prefix(whole.size());
  }
  return lines;
}

bool holds_key(const KeyLine& line) {
  return !line.content.empty() && !line.content.starts_with('#');
}

// As far as the line can be understood, whether it counts or not. What is no key at all is not repeated: it
// may be half of a private one.
KeyEntry read_entry(const KeyLine& line) {
  KeyEntry entry;
  entry.line = line.number;
  auto parts = pubkey::split_key_line(line.content);
  if (parts && pubkey::key_class(parts->type)) {
    entry.type = parts->type;
    entry.options = parts->options;
    entry.comment = parts->comment;
    auto blob = base64_decode(parts->base64);
    if (blob && !blob->empty()) entry.fingerprint = pubkey::fingerprint_text(pubkey::sha256(*blob));
  }
  if (auto key = pubkey::parse_key_line(line.content); !key) entry.refusal = key.error().what;
  return entry;
}

bool is_authority(const KeyEntry& entry) {
  auto options = pubkey::parse_key_options(entry.options);
  return !entry.options.empty() && options && options->cert_authority;
}

// The rules of KeySet: a key counts once, and one that any line names as a CA never logs in.
void refuse_later_lines(Entries& entries) {
  std::set<std::string> authorities;
  for (const KeyEntry& entry : entries)
    if (entry.refusal.empty() && is_authority(entry)) authorities.insert(entry.fingerprint);
  std::map<std::string, std::size_t> first;
  for (KeyEntry& entry : entries) {
    if (!entry.refusal.empty()) continue;
    if (authorities.contains(entry.fingerprint) && !is_authority(entry)) {
      entry.refusal = "the key is a certificate authority";
    } else if (auto [at, fresh] = first.emplace(entry.fingerprint, entry.line); !fresh) {
      entry.refusal = "the key stands already in line " + std::to_string(at->second);
    }
  }
}

bool has_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

Result<KeyEntry> check_new(const KeyLine& line, const std::string& source) {
  KeyEntry entry = read_entry(line);
  if (entry.refusal.empty() && has_control(line.content)) entry.refusal = "a control character";
  if (entry.refusal.empty()) return entry;
  return fail(Kind::Invalid, source + ":" + std::to_string(line.number) + ": " + entry.refusal);
}

const KeyEntry* find_counting(const Entries& entries, const std::string& fingerprint) {
  auto found = std::find_if(entries.begin(), entries.end(), [&](const KeyEntry& entry) {
    return entry.refusal.empty() && entry.fingerprint == fingerprint;
  });
  return found == entries.end() ? nullptr : &*found;
}

std::string name_of(const KeyEntry& entry) {
  return entry.fingerprint.empty() ? "line " + std::to_string(entry.line) : entry.fingerprint;
}

// The one key that `which` means, as name_of() names it.
Result<std::string> choose(const Entries& entries, std::string_view which) {
  std::set<std::string> found;
  const bool by_fingerprint = pubkey::parse_fingerprint(which).has_value();
  for (const KeyEntry& entry : entries)
    if (by_fingerprint ? entry.fingerprint == which : entry.comment == which) found.insert(name_of(entry));
  if (found.empty()) return fail(Kind::NotFound, "no key with that fingerprint or comment");
  if (found.size() == 1) return *found.begin();
  std::string text = "several keys have that comment; name one by its fingerprint:";
  for (const std::string& name : found) text += "\n  " + name;
  return fail(Kind::Conflict, text);
}

} // namespace

Entries read_key_lines(std::string_view text) {
  Entries entries;
  for (const KeyLine& line : lines_of(text))
    if (holds_key(line)) entries.push_back(read_entry(line));
  refuse_later_lines(entries);
  return entries;
}

Result<KeysAdded> add_key_lines(std::string_view text, const std::string& source, std::string_view lines) {
  KeysAdded result{std::string(text), {}, {}};
  Entries entries = read_key_lines(text);
  std::size_t number = lines_of(text).size();
  for (const KeyLine& line : lines_of(lines)) {
    if (!holds_key(line)) continue;
    ALK_TRY(KeyEntry entry, check_new(line, source));
    if (const KeyEntry* known = find_counting(entries, entry.fingerprint)) {
      if (known->options != entry.options)
        return fail(Kind::Conflict, entry.fingerprint + " stands already in line " +
                                        std::to_string(known->line) + " with other options: remove it first");
      result.known.push_back(*known);
      continue;
    }
    if (!result.text.empty() && result.text.back() != '\n') result.text += '\n';
    result.text += std::string(line.content) + '\n';
    entry.line = ++number;
    entries.push_back(entry);
    result.added.push_back(std::move(entry));
  }
  if (result.added.empty() && result.known.empty()) return fail(Kind::Invalid, source + ": no key in it");
  if (result.text.size() > pubkey::max_key_file)
    return fail(Kind::Invalid, "the file would be larger than alknet-authd reads");
  return result;
}

Result<KeysRemoved> remove_key_lines(std::string_view text, std::string_view which) {
  Entries entries = read_key_lines(text);
  ALK_TRY(std::string chosen, choose(entries, which));
  KeysRemoved result;
  for (KeyEntry& entry : entries)
    if (name_of(entry) == chosen) result.removed.push_back(std::move(entry));
  for (const KeyLine& line : lines_of(text)) {
    bool goes = std::any_of(result.removed.begin(), result.removed.end(),
                            [&](const KeyEntry& entry) { return entry.line == line.number; });
    if (!goes) result.text += line.whole;
  }
  return result;
}

} // namespace alk::alknetctl
