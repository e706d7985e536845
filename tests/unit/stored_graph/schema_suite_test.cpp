// The official JSON-Schema-Test-Suite: every required case of draft-07. No verdict may be wrong. What is not
// supported is listed here, and must be refused when the schema is compiled.
#include "alknet-stored/graph/schema.hpp"
#include "base/text.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace alk::stored::schema_suite_test {

using nlohmann::json;

namespace {

constexpr std::size_t cases_in_suite = 927;
constexpr std::size_t cases_with_remotes = 23;

std::string read(const std::filesystem::path& path) {
  auto text = read_file(path, 1 << 20);
  EXPECT_TRUE(text) << path;
  return text.value_or("");
}

std::vector<std::filesystem::path> json_files(const std::string& directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<SchemaDocument> remotes() {
  std::vector<SchemaDocument> documents;
  auto root = std::filesystem::path(SUITE) / "remotes";
  for (const auto& path : json_files(root))
    documents.push_back({"http://localhost:1234/" + path.lexically_relative(root).string(), read(path)});
  return documents;
}

struct Tally {
  std::size_t right = 0;
  std::vector<std::string> wrong;
  std::vector<std::string> unsupported;
};

void judge(const std::string& file, const json& group, const std::vector<SchemaDocument>& known,
           Tally& tally) {
  auto schema = Schema::compile(group["schema"].dump(), known);
  for (const auto& test : group["tests"]) {
    auto name =
        file + ": " + group["description"].get<std::string>() + ": " + test["description"].get<std::string>();
    if (!schema) {
      auto& list = schema.error().kind == Kind::Unsupported ? tally.unsupported : tally.wrong;
      list.push_back(name + ": " + schema.error().describe());
      continue;
    }
    auto verdict = schema->validate(test["data"].dump());
    if (!verdict)
      tally.wrong.push_back(name + ": " + verdict.error().describe());
    else if (verdict->empty() != test["valid"].get<bool>())
      tally.wrong.push_back(name + ": " + describe(*verdict));
    else
      ++tally.right;
  }
}

Tally run(const std::vector<SchemaDocument>& known) {
  Tally tally;
  for (const auto& entry : std::filesystem::directory_iterator(SUITE)) {
    if (entry.path().extension() != ".json") continue;
    for (const auto& group : json::parse(read(entry.path())))
      judge(entry.path().filename(), group, known, tally);
  }
  return tally;
}

std::string lines(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& line : list) text += line + '\n';
  return text;
}

} // namespace

TEST(SchemaSuite, every_case_is_right_when_the_documents_are_at_hand) {
  auto tally = run(remotes());
  EXPECT_TRUE(tally.wrong.empty()) << lines(tally.wrong);
  EXPECT_TRUE(tally.unsupported.empty()) << lines(tally.unsupported);
  EXPECT_EQ(tally.right, cases_in_suite);
}

// As the store runs it: no document but the schema itself and the meta-schema.
TEST(SchemaSuite, without_them_references_to_other_documents_are_unsupported_and_nothing_else_is) {
  auto tally = run({});
  EXPECT_TRUE(tally.wrong.empty()) << lines(tally.wrong);
  EXPECT_EQ(tally.unsupported.size(), cases_with_remotes);
  for (const auto& name : tally.unsupported) EXPECT_TRUE(name.starts_with("refRemote.json: ")) << name;
  EXPECT_EQ(tally.right + tally.unsupported.size(), cases_in_suite);
}
} // namespace alk::stored::schema_suite_test
