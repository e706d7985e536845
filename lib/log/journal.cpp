#define SD_JOURNAL_SUPPRESS_LOCATION
#include "log/journal.hpp"

#include "base/text.hpp"

#include <cstdlib>

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace alk::log {

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  if (stream == nullptr) return false;
  auto parts = split(stream, ':');
  struct stat status {};
  if (parts.size() != 2 || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return parse_number(parts[0]) == status.st_dev && parse_number(parts[1]) == status.st_ino;
}

static std::string journal_field(const Field& field) {
  std::string entry = "ALKNET_";
  for (char c : field.key) entry += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  entry += '=';
  return entry + escape_token(field.value);
}

void journal_send(int priority, std::string_view identifier, std::string_view message, const Event* event,
                  const Fields& shown, const Fields& hidden) {
  std::vector<std::string> entries{
      "MESSAGE=" + std::string(message),
      "PRIORITY=" + std::to_string(priority),
      "SYSLOG_IDENTIFIER=" + std::string(identifier),
  };
  if (event != nullptr) {
    entries.push_back("MESSAGE_ID=" + std::string(event->id));
    entries.push_back("ALKNET_EVENT=" + std::string(event->name));
  }
  for (const Field& field : shown) entries.push_back(journal_field(field));
  for (const Field& field : hidden) entries.push_back(journal_field(field));

  std::vector<iovec> parts;
  parts.reserve(entries.size());
  for (std::string& entry : entries) parts.push_back({entry.data(), entry.size()});
  ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

} // namespace alk::log
