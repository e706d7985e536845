// One line per event, to the journal with fields when the service manager gave us one (JOURNAL_STREAM), else
// to stderr with a level word in front. Values are escaped and cut here, never by callers: an injected line
// is a ban bypass.
#pragma once

#include "log/event.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alk::log {

// HACKING.md says what each level is for. Values are syslog priorities.
enum class Level { Error = 3, Warning = 4, Info = 6, Debug = 7 };

// A pair of an event. `key` is lower snake case; the journal field is ALKNET_ + upper case.
// An empty value is written as "-".
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view key, std::string value) : key(key), value(std::move(value)) {}
  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  Field(std::string_view key, const char* value) : key(key), value(value) {}
  Field(std::string_view key, std::uint64_t value) : key(key), value(std::to_string(value)) {}
  Field(std::string_view key, std::int64_t value) : key(key), value(std::to_string(value)) {}
  Field(std::string_view key, int value) : key(key), value(std::to_string(value)) {}
};

using Fields = std::vector<Field>;

enum class Sink { Automatic, Stderr, Journal };

// Once, in main, before anything logs. `identifier` is SYSLOG_IDENTIFIER. The level comes from `level` unless
// ALKNET_LOG names another (error, warning, info, debug).
void open(std::string_view identifier, Level level = Level::Info, Sink sink = Sink::Automatic);

bool enabled(Level level);

// MESSAGE is `NAME key=value ...` from `shown`; `hidden` become journal fields only.
void write(Level level, const Event& event, const Fields& shown, const Fields& hidden = {});

// Text without an event of its own. Control characters are escaped; peer-chosen parts belong into fields
// instead.
void error(std::string_view text);
void warning(std::string_view text);
void info(std::string_view text);
void debug(std::string_view text);

// The exact text that write() puts into MESSAGE.
std::string format(const Event& event, const Fields& shown);

} // namespace alk::log
