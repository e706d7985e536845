#include "config/section.hpp"

#include "base/text.hpp"
#include "config/duration.hpp"

#include <algorithm>

namespace alk::config {

Section::Section(Report& report, const Node* table, std::string path, std::string pattern)
    : report_(report), table_(table), path_(std::move(path)), pattern_(std::move(pattern)) {}

static std::string joined(const std::string& head, std::string_view key) {
  return head.empty() ? std::string(key) : head + "." + std::string(key);
}

std::string Section::path_of(std::string_view key) const {
  return joined(path_, key);
}

std::string Section::pattern_of(std::string_view key) const {
  return joined(pattern_, key);
}

const Entry* Section::find(std::string_view key) const {
  if (!table_) return nullptr;
  for (auto& entry : table_->entries)
    if (entry.key == key) return &entry;
  return nullptr;
}

const Node* Section::take(std::string_view key, Node::Type type, std::string_view wanted) {
  taken_.emplace_back(key);
  if (type != Node::Type::Table) report_.known(pattern_of(key));
  auto* entry = find(key);
  if (!entry) return nullptr;
  report_.set_at(path_of(key), entry->line);
  if (entry->value.type == type) return &entry->value;
  auto found = type_name(entry->value.type);
  report_.problem(entry->line, path_of(key),
                  "must be " + std::string(wanted) + ", not " + std::string(found));
  return nullptr;
}

bool Section::clean_text(const Node& node, std::string_view key) {
  bool clean = std::none_of(node.text.begin(), node.text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && byte != '\t') || byte == 0x7f;
  });
  if (!clean) report_.problem(node.line, path_of(key), "contains a control character");
  return clean;
}

bool Section::text(std::string_view key, std::string& out) {
  auto* node = take(key, Node::Type::Text, "a string");
  if (!node || !clean_text(*node, key)) return false;
  out = node->text;
  return true;
}

void Section::flag(std::string_view key, bool& out) {
  if (auto* node = take(key, Node::Type::Boolean, "true or false")) out = node->boolean;
}

void Section::count(std::string_view key, std::uint32_t& out, Range range) {
  auto* node = take(key, Node::Type::Integer, "an integer");
  if (!node) return;
  if (node->integer < range.least || node->integer > range.most) {
    auto text = "must be from " + std::to_string(range.least) + " to " + std::to_string(range.most);
    return report_.problem(node->line, path_of(key), text);
  }
  out = static_cast<std::uint32_t>(node->integer);
}

void Section::duration(std::string_view key, std::chrono::seconds& out, Range range) {
  auto* node = take(key, Node::Type::Text, "a duration in quotes, such as \"30s\" or \"5m\"");
  if (!node) return;
  auto duration = parse_duration(node->text);
  std::chrono::seconds least(range.least), most(range.most);
  if (!duration) {
    report_.problem(node->line, path_of(key),
                    "must be a whole number and one of s, m, h, d, such as \"30s\"");
  } else if (*duration < least || *duration > most) {
    auto text = "must be from " + duration_text(least) + " to " + duration_text(most);
    report_.problem(node->line, path_of(key), text);
  } else {
    out = *duration;
  }
}

void Section::texts(std::string_view key, std::vector<std::string>& out) {
  auto* node = take(key, Node::Type::Array, "an array of strings");
  if (!node) return;
  out.clear();
  for (auto* item : strings_of(*node, key))
    if (clean_text(*item, key)) out.push_back(item->text);
}

void Section::require(std::string_view key) {
  if (table_ && !has(key)) report_.problem(table_->line, path_of(key), "is missing");
}

void Section::problem(std::string_view key, std::string text) {
  auto* entry = find(key);
  report_.problem(entry ? entry->line : (table_ ? table_->line : 0), path_of(key), std::move(text));
}

std::vector<const Node*> Section::strings_of(const Node& array, std::string_view key) {
  std::vector<const Node*> strings;
  for (std::size_t i = 0; i < array.items.size(); ++i) {
    auto& item = array.items[i];
    if (item.type == Node::Type::Text) {
      strings.push_back(&item);
      continue;
    }
    auto path = path_of(key) + "[" + std::to_string(i) + "]";
    report_.problem(item.line, path, "must be a string, not " + std::string(type_name(item.type)));
  }
  return strings;
}

std::vector<const Node*> Section::tables_of(std::string_view key) {
  taken_.emplace_back(key);
  std::vector<const Node*> tables;
  auto* entry = find(key);
  if (!entry) return tables;
  bool right = entry->value.type == Node::Type::Array;
  for (auto& item : entry->value.items) {
    right = right && item.type == Node::Type::Table;
    tables.push_back(&item);
  }
  if (right) return tables;
  report_.problem(entry->line, path_of(key), "must be an array of tables: [[" + pattern_of(key) + "]]");
  return {};
}

void Section::report_unknown() {
  if (!table_) return;
  for (auto& entry : table_->entries)
    if (std::find(taken_.begin(), taken_.end(), entry.key) == taken_.end())
      report_.unknown_key(entry.line, path_of(escape_token(entry.key)));
}

} // namespace alk::config
