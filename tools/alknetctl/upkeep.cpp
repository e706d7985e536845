// alknetctl store: what is done to all that alknet-stored keeps.
#include "backup_directory.hpp"
#include "format.hpp"
#include "meter.hpp"
#include "report_stream.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

namespace {

std::string text_at(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t number_at(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

Result<void> no_bytes(std::string_view) {
  return fail(Kind::Broken, "alknet-stored sends bytes where none belong");
}

Result<Json> fill(StoreClient& store, BackupDirectory& directory, const Output& output) {
  ALK_TRY(Fd pipe, store.begin_backup());
  Meter meter(output, "copying");
  auto take_line = [&](const Json& line) -> Result<void> {
    meter.show(line);
    if (!line.contains("file")) return {};
    return directory.begin_file(text_at(line, "file"));
  };
  auto take_bytes = [&](std::string_view bytes) { return directory.write(bytes); };
  ALK_TRY(Json result, ReportStream(std::move(pipe)).read({take_line, take_bytes}));
  ALK_TRY_VOID(directory.commit());
  return result;
}

struct Problem {
  std::string database;
  std::string text;
};

Result<Json> look_through(StoreClient& store, std::vector<Problem>& problems, const Output& output) {
  ALK_TRY(Fd pipe, store.begin_check());
  Meter meter(output, "checking");
  auto take_line = [&](const Json& line) -> Result<void> {
    meter.show(line);
    auto found = line.find("problems");
    if (found == line.end() || !found->is_array()) return {};
    for (const Json& one : *found)
      problems.push_back({text_at(line, "database"), one.is_string() ? one.get<std::string>() : ""});
    return {};
  };
  return ReportStream(std::move(pipe)).read({take_line, no_bytes});
}

} // namespace

int store_backup(StoreClient& store, const std::string& path, const Output& output) {
  auto directory = BackupDirectory::make(path);
  if (!directory) return report(directory.error(), output);
  auto result = fill(store, *directory, output);
  if (!result) return report(result.error(), output);
  if (output.format == Format::Json)
    print_json({{"directory", path}, {"files", (*result)["files"]}, {"bytes", (*result)["bytes"]}}, output);
  else
    output.out << "checked copies: " << number_at(*result, "files") << " databases, "
               << number_at(*result, "bytes") << " bytes\n";
  return exit_ok;
}

int store_check(StoreClient& store, const Output& output) {
  std::vector<Problem> problems;
  auto result = look_through(store, problems, output);
  if (!result) return report(result.error(), output);
  if (output.format == Format::Json) {
    Json list = Json::array();
    for (const Problem& one : problems) list.push_back({{"database", one.database}, {"problem", one.text}});
    print_json({{"intact", problems.empty()},
                {"databases", number_at(*result, "databases")},
                {"audit_rows", number_at(*result, "audit_rows")},
                {"audit_head", text_at(*result, "audit_head")},
                {"problems", list}},
               output);
  } else if (problems.empty()) {
    output.out << "intact: " << number_at(*result, "databases") << " databases, an audit log of "
               << number_at(*result, "audit_rows") << " rows\n";
  }
  if (output.format == Format::Text)
    for (const Problem& one : problems)
      output.err << "error: " << words_cell(one.database) << ": " << words_cell(one.text) << '\n';
  return problems.empty() ? exit_ok : exit_failed;
}

} // namespace alk::alknetctl
