#include "base/fd.hpp"
#include "config/config.hpp"
#include "fake_admin.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace alk::alknetctl::tokens_test {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Tokens : public testing::Test {
 protected:
  Tokens() {
    job_.random = [](std::span<std::byte> bytes) { std::fill(bytes.begin(), bytes.end(), std::byte{7}); };
  }
  Output text() { return {Format::Text, out_, err_, 1'800'000'000}; }
  Output json() { return {Format::Json, out_, err_, 1'800'000'000}; }
  SecretInput input(const std::string& text) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    in_.reset(ends[0]);
    const Fd to(ends[1]);
    EXPECT_EQ(::write(to.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return SecretInput({.descriptor = in_.get()});
  }
  std::string printed() const { return out_.str(); }
  // The entry as the daemons read it.
  config::ApiKey entry(const std::string& toml) {
    auto parsed = config::parse("t", toml);
    EXPECT_TRUE(parsed);
    return parsed ? parsed->dynamic.auth.api_keys.at(0) : config::ApiKey();
  }

  TokenJob job_;
  FakeAdmin admin_;
  Fd in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Tokens, CreateShowsTheKeyAndWhatTheConfigurationNeeds) {
  job_.scopes = {"relay:connect", "a \"b\" \\c"};
  job_.description = "build \"machine\"";
  job_.ttl = "30d";
  ASSERT_EQ(token_create(job_, text()), exit_ok) << err_.str();
  const std::string key = "alk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
  EXPECT_THAT(printed(), HasSubstr("key: " + key + "\n"));
  auto made = entry(printed().substr(printed().find("[[")));
  EXPECT_EQ(made.prefix, key.substr(0, 8));
  EXPECT_EQ(made.scopes, job_.scopes);
  EXPECT_EQ(made.description, job_.description);
  EXPECT_EQ(made.expires(), 1'800'000'000U + 30 * 86'400U);
  EXPECT_THAT(printed().substr(printed().find("[[")), Not(HasSubstr(key)));
}

TEST_F(Tokens, CreateAsJson) {
  ASSERT_EQ(token_create(job_, json()), exit_ok);
  auto document = Json::parse(printed());
  EXPECT_EQ(document["key"], "alk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH");
  EXPECT_FALSE(entry(document["toml"]).expires());
}

TEST_F(Tokens, HashOfAKeyFromStandardInput) {
  ASSERT_EQ(token_hash(job_, input("alk_testsecret123456\n"), text()), exit_ok) << err_.str();
  EXPECT_THAT(printed(), Not(HasSubstr("testsecret")));
  EXPECT_EQ(entry(printed()).prefix, "alk_test");
  // printf %s alk_testsecret123456 | sha256sum
  EXPECT_EQ(entry(printed()).hash, "sha256:06349858856b0318ccb3b8a36cd07dd5daf845c625b674c5d8475eb971e8b8a4");
}

TEST_F(Tokens, WhatIsNoKeyIsRefusedAndNotRepeated) {
  for (const std::string& bad : {std::string(), std::string("key_testsecret123456"), std::string("alk_short"),
                                 "alk_" + std::string(300, 'x')})
    EXPECT_EQ(token_hash(job_, input(bad), text()), exit_failed) << bad;
  EXPECT_THAT(err_.str(), Not(HasSubstr("testsecret")));
  job_.ttl = "soon";
  EXPECT_EQ(token_create(job_, text()), exit_failed);
  job_ = {{"line\nbreak"}, "", "", job_.random};
  EXPECT_EQ(token_create(job_, text()), exit_failed) << "would be no line of TOML";
}

TEST_F(Tokens, VerifyAsksTheServer) {
  admin_.login_.reason = "unknown-key";
  EXPECT_EQ(token_verify(admin_, input("  a-token \n"), "192.0.2.1", text()), exit_failed);
  EXPECT_EQ(admin_.presented_, "a-token from 192.0.2.1");
  EXPECT_EQ(printed(), "refused: unknown-key\n");
  out_.str("");
  admin_.login_ = {true, "", {"SHA256:x", {"one", "two"}, {}}, {}};
  EXPECT_EQ(token_verify(admin_, input("a-token"), "", text()), exit_ok);
  EXPECT_EQ(printed(), "accepted: SHA256:x\nscope one\nscope two\n");
  out_.str("");
  EXPECT_EQ(token_verify(admin_, input("a-token"), "", json()), exit_ok);
  EXPECT_EQ(Json::parse(printed())["identity"], "SHA256:x");
}

} // namespace
} // namespace alk::alknetctl::tokens_test
