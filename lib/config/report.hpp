// What was found while files are read: problems, warnings, where each key was set, and which keys exist at
// all.
#pragma once

#include "config/config.hpp"

#include <map>
#include <set>

namespace alk::config {

class Report {
 public:
  void open_file(std::string name) { files_.push_back(std::move(name)); } // what follows is about this file

  void problem(std::uint32_t line, std::string key, std::string text);
  // About a key that any file may have set: stands where it, or else what holds it, was set last.
  void problem_at(const std::string& key, std::string text);
  void warning_at(const std::string& key, std::string text);

  void set_at(const std::string& key, std::uint32_t line) { places_[key] = {files_.size() - 1, line}; }
  bool was_set(std::string_view key) const { return places_.contains(key); }
  void ignore_unknown() { unknown_matters_ = false; }
  void unknown_key(std::uint32_t line, std::string key) {
    if (unknown_matters_) problem(line, std::move(key), "unknown key");
  }

  void known(std::string pattern) { known_.insert(std::move(pattern)); } // "listeners[].name"

  const std::set<std::string>& known_keys() const { return known_; }
  bool clean() const { return problems_.empty(); }
  std::vector<Problem> problems() const { return in_order(problems_); } // by file as read, then by line
  std::vector<Problem> warnings() const { return in_order(warnings_); }

 private:
  struct Place {
    std::size_t file = 0;
    std::uint32_t line = 0;
  };
  struct Found {
    Place place;
    std::string key;
    std::string text;
  };
  Place find(std::string_view key) const;
  std::vector<Problem> in_order(std::vector<Found> found) const;

  std::vector<std::string> files_;
  std::vector<Found> problems_;
  std::vector<Found> warnings_;
  std::map<std::string, Place, std::less<>> places_;
  std::set<std::string> known_;
  bool unknown_matters_ = true;
};

} // namespace alk::config
