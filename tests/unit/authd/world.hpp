// A configuration, its key files and both clocks, all in memory.
#pragma once

#include "alknet-authd/transactions.hpp"
#include "keys.hpp"

#include <map>

namespace alk::authd::testing {

struct World {
  std::vector<std::string> elements{"/keys"};
  std::map<std::string, std::string> files{{"/keys", line(1) + "\n" + line(2) + "\n"}};
  std::vector<config::Problem> problems;
  std::vector<config::ApiKey> api_keys;
  std::vector<config::Provider> providers{config::Provider::Configured};
  std::string digest = "one";
  std::chrono::steady_clock::time_point steady{};
  UnixSeconds wall = 1'800'000'000; // 15 January 2027, 08:00:00 UTC

  Sources sources() {
    return {[this](config::Sources& kept) -> config::Checked<config::Configuration> {
              if (!problems.empty()) return tl::unexpected(problems);
              kept = {{"/alknet.toml", "alknet.toml", digest}};
              config::Configuration configuration;
              configuration.dynamic.auth.authorized_keys = elements;
              configuration.dynamic.auth.api_keys = api_keys;
              configuration.dynamic.auth.providers = providers;
              configuration.digest = digest;
              return configuration;
            },
            [this](const std::string& path, std::size_t) -> Result<std::string> {
              auto file = files.find(path);
              if (file == files.end()) return fail(Kind::NotFound, "No such file or directory");
              return file->second;
            }};
  }
  Transactions::Clocks clocks() {
    return {[this] { return steady; }, [this] { return wall; }};
  }
  std::vector<config::CommittedText> kept; // in order
  Transactions::Keep keep() {
    return [this](const config::CommittedText& text) { kept.push_back(text); };
  }
  Transactions start() { return {read_snapshot(sources()).value(), sources(), clocks(), keep()}; }
};

} // namespace alk::authd::testing
