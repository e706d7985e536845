#include "alknet-stored/upkeep/dump_line.hpp"

#include "alknet-stored/graph/json_value.hpp"
#include "alknet-stored/json.hpp"

#include <initializer_list>

namespace alk::stored {

namespace {

constexpr std::string_view tenant_prefix = "tenant-";

Failure dump_fault(std::string pointer, const std::string& what) {
  return fail(Kind::Invalid, pointer + ": " + what);
}

Result<void> only_members(const Json& object, const char* first,
                          std::initializer_list<std::string_view> more) {
  for (const auto& [name, value] : object.items()) {
    bool known = name == first;
    for (std::string_view one : more) known = known || name == one;
    if (!known) return dump_fault(pointer_to("", name), "is not known");
  }
  return {};
}

Result<std::int64_t> whole_number(const Json& object, const std::string& where, const char* name) {
  auto found = object.find(name);
  if (found == object.end()) return dump_fault(where + "/" + name, "is missing");
  if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
    return dump_fault(where + "/" + name, "is not a whole number of 64 bits");
  return found->get<std::int64_t>();
}

Result<std::string> some_text(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return dump_fault(pointer_to("", name), "is not a text");
  return found->get<std::string>();
}

Result<Value> read_dumped(const DumpColumn& column, const Json& row) {
  const std::string where = "/row/" + column.name;
  auto found = row.find(column.name);
  if (found == row.end() && column.nullable) return Value();
  if (column.holds == Holds::Number || found == row.end()) {
    ALK_TRY(const std::int64_t number, whole_number(row, "/row", column.name.c_str()));
    return Value(number);
  }
  if (!found->is_string()) return dump_fault(where, "is not a text");
  std::string text = found->get<std::string>();
  if (text.size() > max_value) return dump_fault(where, "is longer than 1 MiB");
  if (text.find('\0') != text.npos) return dump_fault(where, "holds a NUL character");
  if (column.holds == Holds::Json)
    if (auto json = read_json(text, max_value); !json) return dump_fault(where, json.error().what);
  return Value(std::move(text));
}

Result<DumpLine> read_dump_row(const Json& json) {
  ALK_TRY_VOID(only_members(json, "table", {"row"}));
  DumpRow row;
  ALK_TRY(const std::string name, some_text(json, "table"));
  row.table = find_dump_table(name);
  if (row.table == nullptr) return dump_fault("/table", "no such table");
  auto members = json.find("row");
  if (members == json.end() || !members->is_object()) return dump_fault("/row", "is not an object");
  std::size_t used = 0;
  for (const DumpColumn& column : row.table->columns) {
    used += members->contains(column.name) ? 1 : 0;
    ALK_TRY(row.values.emplace_back(), read_dumped(column, *members));
  }
  if (used == members->size()) return DumpLine(std::move(row));
  for (const auto& [member, value] : members->items()) {
    bool known = false;
    for (const DumpColumn& column : row.table->columns) known = known || column.name == member;
    if (!known) return dump_fault(pointer_to("/row", member), "is not known");
  }
  return dump_fault("/row", "is not understood");
}

Result<DumpLine> read_dump_section(const Json& json) {
  ALK_TRY_VOID(only_members(json, "database", {}));
  ALK_TRY(const std::string name, some_text(json, "database"));
  if (name == "system") return DumpLine(DumpSection());
  const bool tenant = name.starts_with(tenant_prefix);
  auto place = Place::tenant(tenant ? std::string_view(name).substr(tenant_prefix.size()) : "");
  if (!place) return dump_fault("/database", "is neither \"system\" nor \"tenant-ID\"");
  return DumpLine(DumpSection{std::move(*place)});
}

Result<DumpLine> read_dump_header(const Json& json) {
  ALK_TRY_VOID(only_members(json, "alknet_dump", {"release", "made_at"}));
  DumpHeader header;
  ALK_TRY(header.version, whole_number(json, "", "alknet_dump"));
  ALK_TRY(header.release, some_text(json, "release"));
  ALK_TRY(header.made_at, whole_number(json, "", "made_at"));
  return DumpLine(std::move(header));
}

Result<DumpLine> read_dump_end(const Json& json) {
  ALK_TRY_VOID(only_members(json, "end", {}));
  ALK_TRY(const std::int64_t rows, whole_number(json, "", "end"));
  return DumpLine(DumpEnd{rows});
}

} // namespace

Result<DumpLine> parse_dump_line(std::string_view line) {
  ALK_TRY(const Json json, read_json(line, max_dump_line));
  if (!json.is_object()) return fail(Kind::Invalid, "not a JSON object");
  if (json.contains("table")) return read_dump_row(json);
  if (json.contains("database")) return read_dump_section(json);
  if (json.contains("alknet_dump")) return read_dump_header(json);
  if (json.contains("end")) return read_dump_end(json);
  return fail(Kind::Invalid, "not a line of a dump");
}

std::string dump_header_line(const DumpHeader& header) {
  return JsonObject()
             .add("alknet_dump", header.version)
             .add("release", header.release)
             .add("made_at", header.made_at)
             .text() +
         "\n";
}

std::string dump_section_line(const Place& place) {
  const std::string name = place.is_system() ? "system" : std::string(tenant_prefix) + place.id();
  return JsonObject().add("database", name).text() + "\n";
}

std::string dump_row_line(const DumpTable& table, const Row& row) {
  JsonObject members;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const DumpColumn& column = table.columns[i];
    if (row.is_null(i)) continue;
    if (column.holds == Holds::Number)
      members.add(column.name, row.integer(i));
    else
      members.add(column.name, row.text(i));
  }
  return JsonObject().add("table", table.name).raw("row", members.text()).text() + "\n";
}

std::string dump_end_line(const DumpEnd& end) {
  return JsonObject().add("end", end.rows).text() + "\n";
}

} // namespace alk::stored
