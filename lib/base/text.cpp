#include "base/text.hpp"

#include "base/fd.hpp"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk {

std::string_view trim(std::string_view text) {
  static constexpr std::string_view blank = " \t\r\n";
  auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto value = parse_number(text);
  if (!value || *value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

// Unicode 15 table 3-7: which second bytes a lead byte admits, and how many bytes follow it.
static bool is_utf8_sequence(std::string_view text, std::size_t length) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lowest = 0x80, highest = 0xbf;
  if (at(0) == 0xe0) lowest = 0xa0;
  if (at(0) == 0xed) highest = 0x9f;
  if (at(0) == 0xf0) lowest = 0x90;
  if (at(0) == 0xf4) highest = 0x8f;
  if (text.size() < length || at(1) < lowest || at(1) > highest) return false;
  for (std::size_t i = 2; i < length; ++i)
    if (at(i) < 0x80 || at(i) > 0xbf) return false;
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto lead = static_cast<unsigned char>(text[0]);
    std::size_t length = 1;
    if (lead >= 0xc2 && lead <= 0xdf) length = 2;
    if (lead >= 0xe0 && lead <= 0xef) length = 3;
    if (lead >= 0xf0 && lead <= 0xf4) length = 4;
    if (length == 1 ? lead == 0 || lead > 0x7f : !is_utf8_sequence(text, length)) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escape_token(std::string_view text, std::size_t limit) {
  static constexpr std::string_view digits = "0123456789abcdef";
  bool cut = text.size() > limit;
  std::string token;
  for (char c : text.substr(0, limit)) {
    auto value = static_cast<unsigned char>(c);
    if (value > 0x20 && value < 0x7f && c != '"' && c != '\'' && c != '=' && c != '\\') {
      token.push_back(c);
    } else {
      token += "\\x";
      token.push_back(digits[value >> 4]);
      token.push_back(digits[value & 15]);
    }
  }
  if (cut) token += "...";
  return token.empty() ? "-" : token;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail_errno(errno, path);
  std::string content;
  char chunk[16384];
  for (;;) {
    ssize_t count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    if (count == 0) return content;
    content.append(chunk, static_cast<std::size_t>(count));
    if (content.size() > limit)
      return fail(Kind::Invalid, path + ": larger than " + std::to_string(limit) + " bytes");
  }
}

static Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// A new file beside `path` with `content` and `mode` on disk; `temporary` receives its name.
static Result<void> write_beside(const std::string& path, std::string_view content, unsigned mode,
                                 std::string& temporary) {
  temporary = path + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return fail_errno(errno, path);
  auto written = write_all(file.get(), content, temporary);
  if (written && ::fchmod(file.get(), mode) != 0) written = fail_errno(errno, temporary);
  if (written && ::fsync(file.get()) != 0) written = fail_errno(errno, temporary);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
  std::string temporary;
  ALK_TRY_VOID(write_beside(path, content, mode, temporary));
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  int number = errno;
  ::unlink(temporary.c_str());
  return fail_errno(number, path);
}

// link(2), unlike rename(2), fails when the name is taken.
Result<void> create_file(const std::string& path, std::string_view content, unsigned mode) {
  std::string temporary;
  ALK_TRY_VOID(write_beside(path, content, mode, temporary));
  int number = ::link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(temporary.c_str());
  if (number == EEXIST) return fail(Kind::Conflict, path + ": exists already");
  if (number != 0) return fail_errno(number, path);
  return {};
}

} // namespace alk
