// One table of a file while it is read: every key is asked for once, and what nobody asked for is unknown.
#pragma once

#include "config/report.hpp"
#include "config/tree.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alk::config {

// Both ends included.
struct Range {
  std::uint32_t least;
  std::uint32_t most;
};

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};

// A getter leaves `out` as it is when the key is absent or wrong; what is wrong goes into the report.
class Section {
 public:
  // `table` may be null: then every key is absent, and the asking alone records which keys exist.
  Section(Report& report, const Node* table, std::string path = "", std::string pattern = "");
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section() { report_unknown(); }

  bool text(std::string_view key, std::string& out); // whether it was set
  void flag(std::string_view key, bool& out);
  void count(std::string_view key, std::uint32_t& out, Range range);
  void duration(std::string_view key, std::chrono::seconds& out, Range seconds);
  void texts(std::string_view key, std::vector<std::string>& out);
  void require(std::string_view key); // a problem when it is absent

  template <class Value>
  void word(std::string_view key, Value& out, std::span<const Word<Value>> words) {
    if (auto* node = take(key, Node::Type::Text, "a string")) choose(*node, key, out, words);
  }

  template <class Value>
  void words(std::string_view key, std::vector<Value>& out, std::span<const Word<Value>> words) {
    auto* node = take(key, Node::Type::Array, "an array of strings");
    if (!node) return;
    out.clear();
    for (auto* item : strings_of(*node, key)) {
      Value value{};
      if (choose(*item, key, value, words)) out.push_back(value);
    }
  }

  // `read(section)` for the table below `key`, also when it is absent.
  template <class Read>
  void table(std::string_view key, Read&& read) {
    Section below(report_, take(key, Node::Type::Table, "a table"), path_of(key), pattern_of(key));
    read(below);
  }

  // Appends one element for each table of an array of tables.
  template <class Element>
  void tables(std::string_view key, std::vector<Element>& out, void (*read)(Section&, Element&)) {
    Element nobody;
    Section none(report_, nullptr, "", pattern_of(key) + "[]");
    read(none, nobody);
    for (auto* node : tables_of(key)) {
      auto path = path_of(key) + "[" + std::to_string(out.size()) + "]";
      report_.set_at(path, node->line);
      Section below(report_, node, path, pattern_of(key) + "[]");
      read(below, out.emplace_back());
    }
  }

  bool has(std::string_view key) const { return find(key) != nullptr; }
  void problem(std::string_view key, std::string text); // about the value of `key`

 private:
  const Entry* find(std::string_view key) const;
  const Node* take(std::string_view key, Node::Type type, std::string_view wanted);
  std::vector<const Node*> tables_of(std::string_view key);
  std::vector<const Node*> strings_of(const Node& array, std::string_view key);
  bool clean_text(const Node& node, std::string_view key);
  std::string path_of(std::string_view key) const;
  std::string pattern_of(std::string_view key) const;
  void report_unknown();

  template <class Value>
  bool choose(const Node& node, std::string_view key, Value& out, std::span<const Word<Value>> words) {
    std::string known;
    for (auto& word : words) {
      if (node.text == word.text) {
        out = word.value;
        return true;
      }
      known += (known.empty() ? "\"" : " or \"") + std::string(word.text) + "\"";
    }
    report_.problem(node.line, path_of(key), "must be " + known);
    return false;
  }

  Report& report_;
  const Node* table_;
  std::string path_;
  std::string pattern_;
  std::vector<std::string> taken_;
};

} // namespace alk::config
