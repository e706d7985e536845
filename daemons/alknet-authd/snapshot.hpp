// What authd is started with and what a reload replaces: the keys, and which configuration they came from.
#pragma once

#include "alknet-authd/key_set.hpp"
#include "config/committed.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace alk::authd {

// All key files and inline lines together; beyond it a reload would hold the bus for seconds.
inline constexpr std::size_t max_key_bytes = 32 * 1024 * 1024;

struct Snapshot {
  KeySet keys;
  config::Auth auth;          // API keys and the rules for tokens
  std::string digest;         // of the configuration files (config::Configuration::digest)
  config::CommittedText text; // what both were made from; empty once it is kept elsewhere
};

// How a snapshot is read; tests pass their own.
struct Sources {
  // The files that were read go into `kept`.
  std::function<config::Checked<config::Configuration>(config::Sources& kept)> configuration;
  std::function<Result<std::string>(const std::string& path, std::size_t limit)> key_file;
};

// The configuration at `path`, and key files as it names them ("credential:NAME" as well).
Sources sources_of(std::string path);
// What was kept over a crash. The disk is not looked at.
Sources sources_of(std::shared_ptr<const config::CommittedText> text);

// Reads everything. Errors: Invalid; `what` holds FILE:LINE: KEY: text for each problem, one a line.
Result<Snapshot> read_snapshot(const Sources& sources);

// Whether read_snapshot() would work, without its work on each key. Errors as of it.
Result<void> check_sources(const Sources& sources);

// A regular file of at most `limit` bytes. Errors: Invalid with path and cause (missing, unreadable, a
// directory, ...).
Result<std::string> read_key_file(const std::string& path, std::size_t limit);

} // namespace alk::authd
