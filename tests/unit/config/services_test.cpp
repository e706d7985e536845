// The sections that one daemon alone reads: [secrets] and [storage].
#include "config/config.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::config::services_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> lines;
  if (auto checked = parse("t", text); !checked)
    for (auto& problem : checked.error()) lines.push_back(problem.describe());
  return lines;
}

Configuration require(const std::string& text) {
  auto checked = parse("t", text);
  EXPECT_TRUE(checked) << testing::PrintToString(problems_of(text));
  return checked.value_or(Configuration{});
}

TEST(StorageSection, ThePasswordOfTheStorageStandsElsewhere) {
  auto said = [](const std::string& key, const std::string& value) {
    auto problems = problems_of("[storage]\n" + key + " = \"" + value + "\"\n");
    EXPECT_THAT(testing::PrintToString(problems), Not(HasSubstr("hunter2")));
    return problems;
  };
  for (const char* url : {"postgresql://u:hunter2@db.example/x", "postgresql://:hunter2@/x",
                          "postgresql:///x?password=hunter2", "postgresql:///x?a=b&sslpassword=hunter2"})
    EXPECT_THAT(said("url", url), ElementsAre(HasSubstr("t:2: storage.url: must not hold a password")))
        << url;
  for (const char* url : {"mysql://db.example/x", "host=db.example password=hunter2", "/var/lib/x"})
    EXPECT_THAT(said("url", url), ElementsAre(HasSubstr("t:2: storage.url: must begin with"))) << url;
  for (const char* url :
       {"postgresql://u@[2001:db8::1]:5432/x", "postgresql://u@a:1,b:2/x?passfile=/etc/p", ""})
    EXPECT_THAT(said("url", url), IsEmpty()) << url;
  for (const char* password : {"hunter2", "./hunter2", "credentials:x"})
    EXPECT_THAT(said("password", password), ElementsAre(HasSubstr("t:2: storage.password: must be")))
        << password;
  EXPECT_THAT(said("password", "/etc/alknet/storage_password"), IsEmpty());
}

TEST(StorageSection, AStorageThatNobodyVerifiesIsRisky) {
  auto warned = [](const std::string& url) {
    auto whole = require("[storage]\nurl = \"" + url + "\"\n");
    return std::ranges::any_of(whole.warnings,
                               [](const Problem& warning) { return warning.key == "storage.url"; });
  };
  for (const char* url : {"postgresql://db.example/x", "postgresql://u@10.0.0.1:5432/x?sslmode=require",
                          "postgresql:///x?host=db.example"})
    EXPECT_TRUE(warned(url)) << url;
  for (const char* url : {"postgresql:///x", "postgresql://u@localhost/x", "postgresql://u@[::1]:5432/x",
                          "postgresql://u@%2Frun%2Fpostgresql/x", "postgresql:///x?host=/run/postgresql",
                          "postgresql://u@db.example/x?sslmode=verify-full"})
    EXPECT_FALSE(warned(url)) << url;
}

TEST(SecretsSection, AnIdentityIsAFingerprint) {
  EXPECT_EQ(require("[secrets]\nidentity = \"\"\n").dynamic.secrets.identity, "");
  for (const char* text : {"me", "SHA256:", "MD5:00", "SHA256:kpsHRIb1keQgUVKjeUG2NX4YbLSGpYjK+HCIyJMGuY",
                           "SHA256:kpsHRIb1keQgUVKjeUG2NX4YbLSGpYjK+HCIyJMGuYg="})
    EXPECT_THAT(problems_of("[secrets]\nidentity = \"" + std::string(text) + "\"\n"),
                ElementsAre(HasSubstr("t:2: secrets.identity: must be a fingerprint")))
        << text;
}

} // namespace
} // namespace alk::config::services_test
