#include "log/log.hpp"

#include "base/text.hpp"
#include "log/journal.hpp"

#include <cstdlib>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace alk::log {

namespace {

// The one place with process-wide state: where lines go. Written once by open(), before any thread starts.
struct Output {
  std::string identifier = "alknet";
  Level level = Level::Info;
  bool journal = false;
  std::shared_ptr<spdlog::logger> stderr_logger;
};

Output& output() {
  static Output instance;
  return instance;
}

Level level_from_environment(Level otherwise) {
  const char* name = std::getenv("ALKNET_LOG");
  if (name == nullptr) return otherwise;
  std::string_view text(name);
  if (text == "error") return Level::Error;
  if (text == "warning") return Level::Warning;
  if (text == "info") return Level::Info;
  if (text == "debug") return Level::Debug;
  return otherwise;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
  case Level::Error: return spdlog::level::err;
  case Level::Warning: return spdlog::level::warn;
  case Level::Info: return spdlog::level::info;
  case Level::Debug: return spdlog::level::debug;
  }
  return spdlog::level::info;
}

std::string_view level_word(Level level) {
  switch (level) {
  case Level::Error: return "ERROR";
  case Level::Warning: return "WARN";
  case Level::Info: return "INFO";
  case Level::Debug: return "DEBUG";
  }
  return "INFO";
}

std::string escape_line(std::string_view text) {
  std::string line;
  for (char c : text) {
    auto value = static_cast<unsigned char>(c);
    if (value < 0x20 || value == 0x7f) {
      line += ' ';
    } else {
      line += c;
    }
  }
  return line;
}

void emit(Level level, std::string_view message, const Event* event, const Fields& shown,
          const Fields& hidden) {
  Output& out = output();
  if (out.journal) {
    journal_send(static_cast<int>(level), out.identifier, message, event, shown, hidden);
  } else if (out.stderr_logger) {
    std::string line(level_word(level));
    line += ' ';
    line += message;
    out.stderr_logger->log(spdlog_level(level), line);
  }
}

void plain(Level level, std::string_view text) {
  if (enabled(level)) emit(level, escape_line(text), nullptr, {}, {});
}

} // namespace

void open(std::string_view identifier, Level level, Sink sink) {
  Output& out = output();
  out.identifier = identifier;
  out.level = level_from_environment(level);
  out.journal = sink == Sink::Journal || (sink == Sink::Automatic && stderr_is_journal());
  out.stderr_logger =
      std::make_shared<spdlog::logger>(out.identifier, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  out.stderr_logger->set_level(spdlog::level::trace);
  out.stderr_logger->set_pattern("%v");
  out.stderr_logger->flush_on(spdlog::level::trace);
}

bool enabled(Level level) {
  return static_cast<int>(level) <= static_cast<int>(output().level);
}

std::string format(const Event& event, const Fields& shown) {
  std::string message(event.name);
  for (const Field& field : shown) {
    message += ' ';
    message += field.key;
    message += '=';
    message += escape_token(field.value);
  }
  return message;
}

void write(Level level, const Event& event, const Fields& shown, const Fields& hidden) {
  if (enabled(level)) emit(level, format(event, shown), &event, shown, hidden);
}

void error(std::string_view text) {
  plain(Level::Error, text);
}
void warning(std::string_view text) {
  plain(Level::Warning, text);
}
void info(std::string_view text) {
  plain(Level::Info, text);
}
void debug(std::string_view text) {
  plain(Level::Debug, text);
}

} // namespace alk::log
