#include "entries.hpp"

#include <ctime>

namespace alk::alknetctl {

namespace {

struct ToJson {
  Json operator()(const bus::Opaque&) const { return nullptr; }
  template <class T>
  Json operator()(const T& value) const {
    return value;
  }
};

struct ToCell {
  std::string operator()(const std::string& text) const { return words_cell(text); }
  std::string operator()(bool truth) const { return truth ? "yes" : "no"; }
  std::string operator()(const bus::Opaque&) const { return "-"; }
  std::string operator()(const std::vector<std::string>& texts) const {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ",") + cell(text);
    return list.empty() ? "-" : list;
  }
  template <class T>
  std::string operator()(const T& number) const {
    return std::to_string(number);
  }
};

} // namespace

Json entry_json(const bus::Dictionary& entry) {
  Json object = Json::object();
  for (const auto& [name, value] : entry) object[name] = std::visit(ToJson(), value);
  return object;
}

Json entries_json(const std::vector<bus::Dictionary>& entries) {
  Json all = Json::array();
  for (const auto& entry : entries) all.push_back(entry_json(entry));
  return all;
}

std::string entry_cell(const bus::Dictionary& entry, const char* name) {
  auto found = entry.find(name);
  return found == entry.end() ? "-" : std::visit(ToCell(), found->second);
}

std::string entry_date(const bus::Dictionary& entry, const char* name) {
  const auto* seconds = bus::find<std::uint64_t>(entry, name);
  if (seconds == nullptr) return "-";
  const auto time = static_cast<std::time_t>(*seconds);
  std::tm parts{};
  char text[32];
  if (::gmtime_r(&time, &parts) == nullptr) return "-";
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

bool entry_true(const bus::Dictionary& entry, const char* name) {
  const auto* truth = bus::find<bool>(entry, name);
  return truth != nullptr && *truth;
}

bool has_entry(const bus::Dictionary& entry, const char* name) {
  return entry.contains(name);
}

} // namespace alk::alknetctl
