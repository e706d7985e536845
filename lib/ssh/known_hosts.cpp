#include "ssh/known_hosts.hpp"

#include "base/encoding.hpp"
#include "base/fd.hpp"
#include "base/secret_bytes.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

namespace alk::ssh {

namespace {

constexpr std::size_t sha1_size = 20;
// A name pattern with many '*' costs time in proportion to its length times the name's, each star anew;
// OpenSSH refuses longer ones as well.
constexpr std::size_t pattern_limit = 1024;

// The next word; `rest` begins behind it.
std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  const auto end = rest.find_first_of(" \t");
  const auto word = rest.substr(0, end);
  rest.remove_prefix(word.size());
  return word;
}

// '*' any run, '?' one character. Linear in practice: the last star is the only one that is ever tried again.
bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = pattern.npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
      ++n, ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// "|1|SALT|HASH": HMAC-SHA1 of the name, keyed with the salt.
bool matches_hash(std::string_view name, std::string_view hashed) {
  const auto parts = split(hashed, '|');
  if (parts.size() != 4 || parts[1] != "1") return false;
  const auto salt = base64_decode(parts[2]);
  const auto hash = base64_decode(parts[3]);
  if (!salt || !hash || hash->size() != sha1_size) return false;
  unsigned char made[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::HMAC(::EVP_sha1(), salt->data(), static_cast<int>(salt->size()),
             reinterpret_cast<const unsigned char*>(name.data()), name.size(), made, &size) == nullptr)
    return false;
  return equal_constant_time(std::string_view(reinterpret_cast<char*>(made), size), *hash);
}

bool names_host(std::string_view patterns, std::string_view name) {
  if (patterns.starts_with('|')) return matches_hash(name, patterns);
  bool found = false;
  for (auto pattern : split(patterns, ',')) {
    const bool negated = pattern.starts_with('!');
    if (negated) pattern.remove_prefix(1);
    if (pattern.size() > pattern_limit || !matches_pattern(name, to_lower(pattern))) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

struct Entry {
  std::string_view marker; // "@revoked", or empty
  std::string_view patterns;
  std::optional<std::string> blob;
};

std::optional<Entry> parse_line(std::string_view line) {
  std::string_view rest = trim(line);
  if (rest.empty() || rest.starts_with('#')) return std::nullopt;
  Entry entry;
  if (rest.starts_with('@')) entry.marker = take_word(rest);
  if (!entry.marker.empty() && entry.marker != "@revoked") return std::nullopt;
  entry.patterns = take_word(rest);
  if (take_word(rest).empty()) return std::nullopt; // the type, which the key repeats
  entry.blob = base64_decode(take_word(rest));
  return entry;
}

} // namespace

std::string known_host_name(std::string_view host, std::uint16_t port) {
  const std::string name = to_lower(host);
  return port == 22 ? name : "[" + name + "]:" + std::to_string(port);
}

HostKeyFinding find_host_key(std::string_view content, std::string_view name, const PresentedKey& key) {
  HostKeyFinding finding;
  std::size_t number = 0;
  while (!content.empty()) {
    const auto end = content.find('\n');
    const auto line = content.substr(0, end);
    content.remove_prefix(end == content.npos ? content.size() : end + 1);
    ++number;
    const auto entry = parse_line(line);
    if (!entry || !names_host(entry->patterns, name)) continue;
    const bool same = entry->blob && *entry->blob == key.blob;
    if (!entry->marker.empty()) {
      if (same) return {HostKeyState::Revoked, number};
    } else if (same) {
      finding = {HostKeyState::Known, number};
    } else if (finding.state == HostKeyState::Unknown) {
      finding = {HostKeyState::Changed, number};
    }
  }
  return finding;
}

Result<HostKeyFinding> find_host_key_in_file(const std::string& path, std::string_view name,
                                             const PresentedKey& key) {
  auto content = read_file(path, known_hosts_limit);
  if (!content && content.error().kind == Kind::NotFound) return HostKeyFinding{};
  if (!content) return pass(std::move(content).error());
  return find_host_key(*content, name, key);
}

Result<void> add_known_host(const std::string& path, std::string_view name, const PresentedKey& key) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!directory.empty() && std::filesystem::create_directories(directory, error) && !error)
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, path);

  std::string line = std::string(name) + " " + key.type + " " + base64_encode(key.blob) + "\n";
  char last = '\n';
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size > 0 && ::pread(file.get(), &last, 1, size - 1) == 1 && last != '\n') line.insert(0, "\n");
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return fail_errno(errno, path);
  return {};
}

Result<bool> pin_matches(std::string_view pin, const PresentedKey& key) {
  pin = trim(pin);
  if (pin.starts_with("SHA256:")) {
    while (pin.ends_with('=')) pin.remove_suffix(1);
    return pin == key.fingerprint;
  }
  bool any = false;
  for (auto line : split(pin, '\n')) {
    std::string_view rest = trim(line);
    if (rest.empty() || rest.starts_with('#')) continue;
    // "TYPE KEY ..." or "NAME TYPE KEY ...": the key is the word behind the type.
    auto word = take_word(rest);
    for (int skipped = 0; skipped < 2 && !word.empty(); ++skipped, word = take_word(rest)) {
      const auto before = word;
      auto ahead = rest;
      const auto blob = base64_decode(take_word(ahead));
      if (!blob || blob->size() < 4 + before.size() || blob->substr(4, before.size()) != before) continue;
      if (*blob == key.blob) return true;
      any = true;
      break;
    }
  }
  if (!any) return fail(Kind::Invalid, "neither SHA256:FINGERPRINT nor a public key");
  return false;
}

} // namespace alk::ssh
