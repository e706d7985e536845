#include "../pubkey/keys.hpp"
#include "fake_admin.hpp"
#include "keys.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace alk::alknetctl::keys_test {
namespace {

using Json = nlohmann::json;
using pubkey::testing::id;
using pubkey::testing::line;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Keys : public testing::Test {
 protected:
  Keys() {
    job_.file = scratch_ / "authorized_keys";
    job_.configuration = scratch_ / "alknet.toml";
    job_.connect = [this]() -> Result<std::unique_ptr<Admin>> {
      ++connections_;
      if (absent_) return *absent_;
      return std::make_unique<FakeAdmin>(admin_);
    };
  }
  int add(std::vector<std::string> words, const Output& output) { return keys_add(job_, words, in_, output); }
  Output text() { return {Format::Text, out_, err_, 0}; }
  Output json() { return {Format::Json, out_, err_, 0}; }
  Json printed() const { return Json::parse(out_.str()); }
  std::string file() const { return scratch_.read("authorized_keys"); }

  Scratch scratch_;
  KeysJob job_;
  FakeAdmin admin_;
  std::optional<Failure> absent_;
  int connections_ = 0;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Keys, AddTakesALineAFileAndStandardInput) {
  EXPECT_EQ(add({line(1)}, text()), exit_ok) << err_.str();
  EXPECT_EQ(add({"ssh-ed25519", base64_encode(pubkey::testing::key(2)), "split", "by", "shell"}, text()),
            exit_ok);
  EXPECT_EQ(add({scratch_.write("three words.pub", line(3) + "\n")}, text()), exit_ok) << err_.str();
  in_.str(line(4) + "\n" + line(5) + "\n");
  EXPECT_EQ(add({"-"}, text()), exit_ok);
  EXPECT_THAT(file(), HasSubstr(line(1) + "\nssh-ed25519 "));
  EXPECT_THAT(file(), HasSubstr(" split by shell\n" + line(3) + "\n" + line(4) + "\n" + line(5) + "\n"));
  EXPECT_THAT(out_.str(), HasSubstr("added " + id(1) + " somebody@somewhere\ngeneration 8 is in force\n"));
}

TEST_F(Keys, AddSaysWhatItRefuses) {
  EXPECT_EQ(add({line("command=\"x\"", 1)}, text()), exit_failed);
  EXPECT_EQ(err_.str(), "error: the line:1: command= is not supported\n");
  EXPECT_EQ(add({scratch_ / "absent.pub"}, text()), exit_failed);
  EXPECT_FALSE(std::filesystem::exists(job_.file));
  EXPECT_EQ(connections_, 0);
}

TEST_F(Keys, APrivateKeyIsNeitherAddedNorPrinted) {
  scratch_.write("id.pub", line(1));
  std::string path = scratch_.write("id", "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n");
  EXPECT_EQ(add({path}, json()), exit_failed);
  EXPECT_THAT(out_.str(), HasSubstr("id.pub"));
  EXPECT_EQ(out_.str().find("c2Vj"), std::string::npos);
}

TEST_F(Keys, AddingAgainIsDoneAndChangesNothing) {
  add({line(1)}, text());
  auto before = std::filesystem::last_write_time(job_.file);
  out_.str({});
  EXPECT_EQ(add({line(1)}, text()), exit_ok);
  EXPECT_EQ(out_.str(), "already there: " + id(1) + " somebody@somewhere\ngeneration 8 is in force\n");
  EXPECT_EQ(std::filesystem::last_write_time(job_.file), before);
}

TEST_F(Keys, WithoutAServerTheFileIsChangedAllTheSame) {
  absent_ = fail(Kind::Gone, "no bus");
  EXPECT_EQ(add({line(1)}, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("alknet-listend is not running: the file counts from its next start\n"));
  EXPECT_EQ(file(), line(1) + "\n");
  out_.str({});
  EXPECT_EQ(keys_remove(job_, id(1), json()), exit_ok);
  EXPECT_EQ(printed()["reload"], Json({{"state", "not running"}}));
}

TEST_F(Keys, NoReloadAsksNobody) {
  job_.reload = false;
  EXPECT_EQ(add({line(1)}, text()), exit_ok);
  EXPECT_EQ(connections_, 0);
  EXPECT_THAT(out_.str(), HasSubstr("not reloaded: `alknetctl reload` puts it in force\n"));
}

TEST_F(Keys, AFailedReloadIsAFailureOfTheChange) {
  admin_.reloaded_ = fail(Kind::Invalid, "/etc/a.toml:3: limits.x: unknown key");
  EXPECT_EQ(add({line(1)}, text()), exit_failed);
  EXPECT_THAT(err_.str(), HasSubstr("is changed, but not in force:\nerror: /etc/a.toml:3: limits.x"));
  admin_.reloaded_ = fail(Kind::Gone, "alknet-authd does not answer");
  out_.str({});
  EXPECT_EQ(add({line(2)}, json()), exit_failed);
  EXPECT_EQ(printed()["reload"]["state"], "failed");
  admin_.reloaded_ = fail(Kind::Denied, "not you");
  EXPECT_EQ(add({line(3)}, text()), exit_denied);
}

TEST_F(Keys, AddAsJson) {
  EXPECT_EQ(add({line("restrict", 1)}, json()), exit_ok);
  Json document = printed();
  EXPECT_EQ(document["file"], job_.file);
  EXPECT_EQ(document["added"][0]["fingerprint"], id(1));
  EXPECT_EQ(document["added"][0]["options"], "restrict");
  EXPECT_EQ(document["known"], Json::array());
  EXPECT_EQ(document["reload"], Json({{"state", "done"}, {"generation", 8}}));
}

TEST_F(Keys, RemoveSaysWhoIsLeft) {
  add({line(1)}, text());
  out_.str({});
  EXPECT_EQ(keys_remove(job_, "nobody", text()), exit_failed);
  EXPECT_EQ(keys_remove(job_, "somebody@somewhere", text()), exit_ok);
  EXPECT_EQ(out_.str(), "removed " + id(1) + " somebody@somewhere\ngeneration 8 is in force\n");
  EXPECT_THAT(err_.str(), HasSubstr("no key in it: nobody can log in with it"));
  EXPECT_EQ(file(), "");
}

TEST_F(Keys, AFileThatTheConfigurationDoesNotNameIsWarnedOf) {
  auto configure = [this](const std::string& keys) {
    scratch_.write("alknet.toml", "[[listeners]]\nname = \"ssh\"\ntransport = \"tcp\"\n\n[auth]\nhost_key = "
                                  "\"key\"\n[auth.ssh]\nauthorized_keys = [\"" +
                                      keys + "\"]\n");
  };
  configure("other_keys");
  add({line(1)}, text());
  EXPECT_THAT(err_.str(), HasSubstr("auth.ssh.authorized_keys does not name " + job_.file));
  err_.str({});
  configure("authorized_keys"); // relative to the configuration
  add({line(1)}, text());
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(Keys, List) {
  EXPECT_EQ(keys_list(job_, text()), exit_ok);
  EXPECT_THAT(err_.str(), HasSubstr("there is no such file yet"));
  out_.str({});
  err_.str({});
  scratch_.write("authorized_keys",
                 line("from=\"10.0.0.0/8\"", 1) + "\n" + line(2) + " \x1b[31m\nnonsense\n");
  EXPECT_EQ(keys_list(job_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("FINGERPRINT"));
  EXPECT_THAT(out_.str(),
              HasSubstr(id(1) + "  ssh-ed25519  somebody@somewhere           from=\"10.0.0.0/8\"\n"));
  EXPECT_THAT(out_.str(), HasSubstr("somebody@somewhere \\x1b[31m"));
  EXPECT_THAT(err_.str(), HasSubstr("authorized_keys:3: left out: "));
  out_.str({});
  EXPECT_EQ(keys_list(job_, json()), exit_ok);
  EXPECT_EQ(printed()["keys"].size(), 3u);
  EXPECT_EQ(printed()["keys"][0]["refused"], nullptr);
  EXPECT_EQ(printed()["keys"][2]["fingerprint"], "");
  EXPECT_EQ(printed()["keys"][2]["options"], ""); // what is no key may be a secret that went astray
  EXPECT_EQ(connections_, 0);
}

} // namespace
} // namespace alk::alknetctl::keys_test
