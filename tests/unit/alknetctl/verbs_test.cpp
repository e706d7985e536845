#include "explain.hpp"
#include "fake_admin.hpp"
#include "verbs.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace alk::alknetctl::verbs_test {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

class Verbs : public testing::Test {
 protected:
  FakeAdmin admin_;
  Place place_{"/srv/my state", ""};
  std::ostringstream out_;
  std::ostringstream err_;
  Output text() { return {Format::Text, out_, err_, FakeAdmin::now}; }
  Output json() { return {Format::Json, out_, err_, FakeAdmin::now}; }
  Json printed() const { return Json::parse(out_.str()); }
};

TEST_F(Verbs, StatusForPeople) {
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "version:        0.1.0\n"
                        "running for:    1h 1m\n"
                        "host key:       SHA256:abc\n"
                        "configuration:  generation 7\n"
                        "authentication: running, 2 keys, 1 certificate authority\n"
                        "sessions:       1 (3 connections)\n"
                        "certificate:    tls until 2024-02-22, 100 days\n"
                        "\n"
                        "LISTENER  TRANSPORT  ADDRESS         STATE\n"
                        "tls       tls        127.0.0.1:8443  active\n"
                        "ssh       tcp        -               inactive\n");
  EXPECT_EQ(err_.str(), "warning: alknet.toml:3: forwarding.default: everything is allowed\n"
                        "warning: authorized_keys:4: unknown option\n");
}

TEST_F(Verbs, StatusAsJson) {
  EXPECT_EQ(status(admin_, place_, json()), exit_ok);
  Json document = printed();
  EXPECT_EQ(document["generation"], 7);
  EXPECT_EQ(document["started_at"], FakeAdmin::now - 3660);
  EXPECT_EQ(document["listeners"][1]["active"], false);
  EXPECT_EQ(document["auth"]["available"], true);
  EXPECT_EQ(document["auth"]["keys"], 2);
  EXPECT_EQ(document["warnings"].size(), 1u);
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(Verbs, StatusWithoutAuthd) {
  admin_.status_.auth_available = false;
  admin_.auth_ = fail(Kind::Gone, "nobody there");
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("authentication: not running: nobody can log in\n"));
  EXPECT_THAT(out_.str(), HasSubstr("missing:\n  alknet-authd does not run: nobody can log in\n"));
}

// The bus starts it when it is asked.
TEST_F(Verbs, StatusOfAnAuthdThatNobodyHasNeededYet) {
  admin_.status_.auth_available = false;
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("authentication: running, 2 keys"));
  admin_.auth_ = fail(Kind::Denied, "not you");
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("authentication: not running yet\n"));
}

TEST_F(Verbs, StatusSaysWhatIsMissingAndWhatMendsIt) {
  admin_.auth_->keys = 0;
  admin_.auth_->certificate_authorities = 0;
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_THAT(out_.str(),
              HasSubstr("\nmissing:\n  no keys: nobody can log in\n"
                        "      alknetctl --state '/srv/my state' keys add ~/.ssh/id_ed25519.pub\n"));
  out_.str({});
  EXPECT_EQ(status(admin_, Place{}, json()), exit_ok);
  EXPECT_EQ(printed()["missing"][0]["command"], "alknetctl keys add ~/.ssh/id_ed25519.pub");
  EXPECT_EQ(printed()["missing"][1]["command"],
            "systemctl enable --now alknet-listend-ssh.socket && systemctl restart alknet-listend");
}

TEST_F(Verbs, StatusOfWhatDoesNotRunSaysHowToStartIt) {
  admin_.running_ = false;
  EXPECT_EQ(status(admin_, Place{}, text()), exit_not_running);
  EXPECT_THAT(out_.str(), HasSubstr("      systemctl enable --now alknet-listend\n"));
  EXPECT_EQ(err_.str(), "error: not running: not running\n");
  out_.str({});
  EXPECT_EQ(status(admin_, place_, json()), exit_not_running);
  EXPECT_EQ(printed()["missing"][0]["command"], "alknet serve --state '/srv/my state'");
  EXPECT_EQ(printed()["error"]["kind"], "Gone");
}

TEST_F(Verbs, StatusForAnAdministratorWhomAuthdDoesNotKnow) {
  admin_.auth_ = fail(Kind::Denied, "not you");
  EXPECT_EQ(status(admin_, place_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("authentication: running\n"));
  out_.str({});
  EXPECT_EQ(status(admin_, place_, json()), exit_ok);
  EXPECT_EQ(printed()["auth"], Json({{"available", true}}));
}

TEST_F(Verbs, StatusSaysWhenTheTwoDisagree) {
  admin_.auth_->config_digest = "other";
  status(admin_, place_, text());
  EXPECT_THAT(out_.str(), HasSubstr("its configuration differs"));
}

TEST_F(Verbs, SessionsAreAlignedAndPeersWriteNothingToTheTerminal) {
  EXPECT_EQ(sessions(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(),
            "ID  IDENTITY    USER              FROM                 LISTENER  CHANNELS  AGE  GENERATION\n"
            "12  SHA256:key  e\\x1b[31m\\x20vil  [2001:db8::1]:50000  tls       3         45s  7\n");
  out_.str({});
  EXPECT_EQ(sessions(admin_, json()), exit_ok);
  EXPECT_EQ(out_.str().find('\x1b'), std::string::npos);
  EXPECT_EQ(printed()[0]["user"], "e\x1b[31m vil");
  EXPECT_EQ(printed()[0]["id"], 12);
}

TEST_F(Verbs, NoSessions) {
  admin_.sessions_ = std::vector<clients::SessionInfo>();
  EXPECT_EQ(sessions(admin_, json()), exit_ok);
  EXPECT_EQ(out_.str(), "[]\n");
}

TEST_F(Verbs, Disconnect) {
  EXPECT_EQ(disconnect(admin_, 12, text()), exit_ok);
  EXPECT_EQ(admin_.disconnected_, 12u);
  EXPECT_EQ(out_.str(), "session 12 is disconnected\n");
  EXPECT_EQ(disconnect(admin_, 13, text()), exit_failed);
  EXPECT_EQ(err_.str(), "error: no such session\n");
}

TEST_F(Verbs, PenaltiesAreListed) {
  EXPECT_EQ(penalties(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "SOURCE         STATE    LEFT    LAST REASON   REFUSED\n"
                        "192.0.2.7      refused  10m 1s  auth-failure  12\n"
                        "2001:db8::/64  watched  3s      no-auth       0\n");
  out_.str({});
  EXPECT_EQ(penalties(admin_, json()), exit_ok);
  EXPECT_EQ(printed()["sources"], 2);
  EXPECT_EQ(printed()["penalties"][0], Json({{"source", "192.0.2.7"},
                                             {"reason", "auth-failure"},
                                             {"left", 601},
                                             {"refusing", true},
                                             {"refused", 12}}));
  admin_.penalties_.sources = 5000;
  out_.str({});
  penalties(admin_, text());
  EXPECT_THAT(out_.str(), HasSubstr("and 4998 more\n"));
}

TEST_F(Verbs, PenaltiesAreCleared) {
  EXPECT_EQ(clear_penalties(admin_, "192.0.2.7", text()), exit_ok);
  EXPECT_EQ(admin_.cleared_, "192.0.2.7");
  EXPECT_EQ(out_.str(), "1 penalty is cleared\n");
  out_.str({});
  EXPECT_EQ(clear_penalties(admin_, "", json()), exit_ok);
  EXPECT_EQ(printed(), Json({{"cleared", 2}}));
  admin_.broken_ = fail(Kind::Denied, "not you");
  EXPECT_EQ(clear_penalties(admin_, "", text()), exit_denied);
  EXPECT_EQ(penalties(admin_, text()), exit_denied);
}

TEST_F(Verbs, ReloadSaysWhatChangedAndWhatWaits) {
  EXPECT_EQ(reload(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "generation 8 is in force\n"
                        "changed:\n  limits.max_connections\n  forwarding.rules[1].action\n"
                        "waiting for a restart:\n  listeners[0].listen\n");
  out_.str({});
  EXPECT_EQ(reload(admin_, json()), exit_ok);
  EXPECT_EQ(printed(), Json({{"generation", 8},
                             {"changed", {"limits.max_connections", "forwarding.rules[1].action"}},
                             {"restart", {"listeners[0].listen"}},
                             {"keys_left", false}}));
  admin_.reloaded_ = clients::Reloaded{9, {}, {}};
  out_.str({});
  EXPECT_EQ(reload(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "generation 9 is in force\nnothing changed\n");
  admin_.reloaded_->keys_left = true;
  out_.str({});
  EXPECT_EQ(reload(admin_, text()), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("were not read again, for which it takes root: systemctl reload"));
}

TEST_F(Verbs, AFailedReloadPrintsEveryLine) {
  admin_.reloaded_ =
      fail(Kind::Invalid, "/etc/a.toml:3: limits.x: unknown key\n/etc/a.toml:9: auth: no\x1b table\n");
  EXPECT_EQ(reload(admin_, text()), exit_failed);
  EXPECT_EQ(err_.str(),
            "error: /etc/a.toml:3: limits.x: unknown key\nerror: /etc/a.toml:9: auth: no\\x1b table\n");
  EXPECT_THAT(out_.str(), IsEmpty());
  EXPECT_EQ(reload(admin_, json()), exit_failed);
  EXPECT_EQ(printed()["error"]["lines"][0], "/etc/a.toml:3: limits.x: unknown key");
}

TEST_F(Verbs, AReloadThatAuthdDidNotAnswerIsAFailureNotAnAbsence) {
  admin_.reloaded_ = fail(Kind::Gone, "authd did not confirm");
  EXPECT_EQ(reload(admin_, text()), exit_failed);
  admin_.running_ = false;
  EXPECT_EQ(reload(admin_, text()), exit_not_running);
}

TEST_F(Verbs, Explain) {
  EXPECT_EQ(explain(admin_, "me", "10.0.0.1:80", "tls", text()), exit_ok);
  EXPECT_EQ(admin_.explained_, "me|10.0.0.1:80|tls");
  EXPECT_EQ(out_.str(), "denied by forwarding.rules[2]: 10.0.0.0/8\n");
  out_.str({});
  EXPECT_EQ(explain(admin_, "me", "x:1", "tcp", json()), exit_ok);
  EXPECT_EQ(printed(),
            Json({{"allowed", false}, {"decided_by", "rule"}, {"rule", 2}, {"text", "10.0.0.0/8"}}));
}

TEST_F(Verbs, ExplainWithoutARule) {
  admin_.explanation_ = clients::Explanation{true, -1, "default"};
  explain(admin_, "", "x:1", "tcp", text());
  EXPECT_EQ(out_.str(), "allowed by default\n");
  admin_.explanation_ = clients::Explanation{false, -2, "permitopen"};
  out_.str({});
  explain(admin_, "", "x:1", "tcp", text());
  EXPECT_EQ(out_.str(), "denied by a constraint of the login: permitopen\n");
  out_.str({});
  explain(admin_, "", "x:1", "tcp", json());
  EXPECT_EQ(printed()["rule"], nullptr);
  EXPECT_EQ(printed()["decided_by"], "constraint");
}

TEST_F(Verbs, PolicyInForce) {
  EXPECT_EQ(policy(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "RULE     ACTION  TARGET      FOR       TRANSPORT\n"
                        "0        deny    10.0.0.0/8  everyone  any\n"
                        "1        allow   *:443       ann,bob   tls\n"
                        "default  deny    -           everyone  any\n");
  out_.str({});
  EXPECT_EQ(policy(admin_, json()), exit_ok);
  EXPECT_EQ(printed()["default"], "deny");
  EXPECT_EQ(printed()["rules"][1], Json({{"index", 1},
                                         {"action", "allow"},
                                         {"target", "*:443"},
                                         {"principals", {"ann", "bob"}},
                                         {"transports", {"tls"}}}));
}

TEST_F(Verbs, LimitsInForce) {
  EXPECT_EQ(limits(admin_, text()), exit_ok);
  EXPECT_EQ(out_.str(), "LIMIT              VALUE\n"
                        "max_connections    unlimited\n"
                        "login_grace_time   30 seconds\n"
                        "max_auth_attempts  10\n");
  out_.str({});
  EXPECT_EQ(limits(admin_, json()), exit_ok);
  EXPECT_EQ(printed()["generation"], 7);
  EXPECT_EQ(printed()["limits"][1],
            Json({{"name", "login_grace_time"}, {"value", 30}, {"unit", "seconds"}, {"zero", ""}}));
}

TEST_F(Verbs, EveryVerbTellsAbsenceFromDenial) {
  for (auto [kind, code] : {std::pair(Kind::Gone, exit_not_running),
                            {Kind::Denied, exit_denied},
                            {Kind::Invalid, exit_failed},
                            {Kind::Broken, exit_failed}}) {
    admin_.broken_ = fail(kind, "why");
    admin_.running_ = false;
    EXPECT_EQ(status(admin_, place_, text()), code);
    EXPECT_EQ(sessions(admin_, text()), code);
    EXPECT_EQ(disconnect(admin_, 12, text()), code);
    EXPECT_EQ(reload(admin_, text()), code);
    EXPECT_EQ(policy(admin_, text()), code);
    EXPECT_EQ(limits(admin_, text()), code);
    EXPECT_EQ(explain(admin_, "", "x:1", "tcp", json()), code);
  }
  EXPECT_THAT(err_.str(), HasSubstr("error: why\n"));
}

class Check : public Verbs {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file(const std::string& content) {
    std::string path = directory_ + "/alknet.toml";
    std::ofstream(path) << content;
    std::filesystem::permissions(path,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }
  std::string directory_ = testing::TempDir() + "alknetctl-XXXXXX";
};

TEST_F(Check, NamesFileLineAndKeyOfEveryError) {
  std::string path = file("[limits]\nbogus = 1\nmax_connections = \"many\"\n");
  EXPECT_EQ(check(path, text()), exit_failed);
  EXPECT_THAT(err_.str(), HasSubstr("error: " + path + ":2: limits.bogus"));
  EXPECT_THAT(err_.str(), HasSubstr("error: " + path + ":3: limits.max_connections"));
  EXPECT_THAT(out_.str(), IsEmpty());
  EXPECT_EQ(check(path, json()), exit_failed);
  EXPECT_EQ(printed()["errors"][0]["line"], 2);
  EXPECT_EQ(printed()["errors"][0]["key"], "limits.bogus");
}

TEST_F(Check, AMissingFileIsAnError) {
  EXPECT_EQ(check(directory_ + "/absent.toml", text()), exit_failed);
  EXPECT_THAT(err_.str(), HasSubstr("absent.toml"));
}

TEST_F(Check, AGoodFile) {
  std::string path =
      file("[[listeners]]\nname = \"ssh\"\ntransport = \"tcp\"\n\n[auth]\nhost_key = \"key\"\n");
  EXPECT_EQ(check(path, text()), exit_ok) << err_.str();
  EXPECT_EQ(out_.str(), path + ": no errors\n");
  EXPECT_THAT(err_.str(), Not(HasSubstr("error")));
  out_.str({});
  EXPECT_EQ(check(path, json()), exit_ok);
  EXPECT_EQ(printed()["errors"], Json::array());
}

TEST_F(Verbs, AnAccountIsNamedByEmailOrId) {
  EXPECT_TRUE(names_account("ada@example.org"));
  EXPECT_TRUE(names_account("0190f3a2-7b1c-7def-8123-456789abcdef"));
  for (const char* other : {"", "SHA256:abc", "0190f3a2-7b1c-7def-8123-456789abcdeg", "alk_test", "ada"})
    EXPECT_FALSE(names_account(other)) << other;
}

std::vector<ExplainedKey> explained_keys() {
  auto entry = [](const char* fingerprint, const char* type) {
    return bus::Dictionary{{"fingerprint", std::string(fingerprint)},
                           {"type", std::string(type)},
                           {"name", std::string("lap\x1b[1mtop")}};
  };
  Constraints limits{std::vector<std::string>{"a:1"}, std::nullopt, true, 1893456000U, "account:1:x"};
  Identity identity{"a-uuid", {"relay:connect", "x"}, {{"db", {"r", "w"}}}};
  return {{entry("SHA256:one", "ssh_key"), {true, "", identity, limits}, {false, 2, "10.0.0.0/8"}},
          {entry("SHA256:two", "cert_authority"), {true, "", {"a-uuid", {"x"}, {}}, {}}, {true, -1, ""}},
          {entry("SHA256:three", "ssh_key"), {false, "expired", {}, {}}, {}},
          {entry("SHA256:four", "ssh_key"), {false, "unknown-key", {}, {}}, {}}};
}

TEST_F(Verbs, ExplainsTheKeysOfAnAccount) {
  const bus::Dictionary account{{"id", std::string("a-uuid")}, {"email", std::string("ada@example.org")}};
  EXPECT_EQ(print_explained(account, explained_keys(), text()), exit_ok);
  EXPECT_EQ(out_.str(),
            "account ada@example.org a-uuid\n"
            "SHA256:one lap\\x1b[1mtop: denied by forwarding.rules[2]: 10.0.0.0/8\n"
            "  scopes: relay:connect,x\n"
            "  resources: db=r,w\n"
            "  constraints: permitopen=a:1 no-port-forwarding expires=2030-01-01T00:00:00Z\n"
            "SHA256:two lap\\x1b[1mtop (authority: each of its certificates): allowed by default\n"
            "  scopes: x\n"
            "  resources: -\n"
            "  constraints: -\n"
            "SHA256:three lap\\x1b[1mtop: not let in: expired\n"
            "SHA256:four lap\\x1b[1mtop: not let in: unknown-key\n"
            "  is \"accounts\" one of the providers, [auth] in alknet.toml(5)?\n");
  out_.str("");
  EXPECT_EQ(print_explained(account, explained_keys(), json()), exit_ok);
  const Json document = printed();
  EXPECT_EQ(document["account"]["email"], "ada@example.org");
  EXPECT_EQ(document["allowed"], true);
  EXPECT_EQ(document["keys"][0]["rule"], 2);
  EXPECT_EQ(document["keys"][0]["constraints"]["permitopen"][0], "a:1");
  EXPECT_FALSE(document["keys"][0]["constraints"].contains("credential"));
  EXPECT_EQ(document["keys"][1]["decided_by"], "default");
  EXPECT_EQ(document["keys"][2]["reason"], "expired");
  EXPECT_FALSE(document["keys"][2].contains("allowed"));
}

} // namespace alk::alknetctl::verbs_test
