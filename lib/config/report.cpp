#include "config/report.hpp"

#include <algorithm>

namespace alk::config {

std::string Problem::describe() const {
  std::string whole = file;
  if (line > 0) whole += ":" + std::to_string(line);
  if (!key.empty()) whole += ": " + key;
  return whole + ": " + text;
}

void Report::problem(std::uint32_t line, std::string key, std::string text) {
  problems_.push_back({{files_.size() - 1, line}, std::move(key), std::move(text)});
}

void Report::problem_at(const std::string& key, std::string text) {
  problems_.push_back({find(key), key, std::move(text)});
}

void Report::warning_at(const std::string& key, std::string text) {
  warnings_.push_back({find(key), key, std::move(text)});
}

Report::Place Report::find(std::string_view key) const {
  while (!key.empty()) {
    if (auto at = places_.find(key); at != places_.end()) return at->second;
    auto cut = key.find_last_of(".[");
    key = key.substr(0, cut == key.npos ? 0 : cut);
  }
  return {};
}

std::vector<Problem> Report::in_order(std::vector<Found> found) const {
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.place.file, a.place.line) < std::pair(b.place.file, b.place.line);
  });
  std::vector<Problem> ordered;
  for (auto& one : found)
    ordered.push_back({files_[one.place.file], one.place.line, std::move(one.key), std::move(one.text)});
  return ordered;
}

} // namespace alk::config
