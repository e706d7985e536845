#include "fake_admin.hpp"
#include "metrics.hpp"
#include "verbs.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace alk::alknetctl {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Metrics : testing::Test {
  FakeAdmin admin_;
  std::ostringstream out_, err_;
  std::string text(int code = exit_ok) {
    EXPECT_EQ(metrics(admin_, {Format::Text, out_, err_, FakeAdmin::now}), code);
    return out_.str();
  }
  static std::vector<clients::SessionInfo> many(std::size_t count) {
    std::vector<clients::SessionInfo> sessions;
    for (std::size_t i = 0; i < count; ++i) {
      clients::SessionInfo session;
      session.identity = "id" + std::to_string(1000 + i);
      session.listener = "tls";
      session.channels = 2;
      sessions.push_back(session);
    }
    return sessions;
  }
};

TEST_F(Metrics, AreWhatPrometheusReads) {
  EXPECT_THAT(text(), HasSubstr("# HELP alknet_up Whether alknet-listend answers\n"
                                "# TYPE alknet_up gauge\nalknet_up 1\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_listener_active{listener=\"tls\",transport=\"tls\"} 1\n"
                                    "alknet_listener_active{listener=\"ssh\",transport=\"tcp\"} 0\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_certificate_expires_seconds{listener=\"tls\"} " +
                                    std::to_string(FakeAdmin::now + 100 * 86400 + 5) + "\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_identity_channels{identity=\"SHA256:key\"} 3\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_authorized_keys 2\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_config_agrees 1\n"));
}

// What a peer chose (user names, addresses) is in no label.
TEST_F(Metrics, NameNoPeer) {
  EXPECT_THAT(text(), Not(HasSubstr("vil")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("2001:db8")));
}

TEST_F(Metrics, IdentitiesAreBounded) {
  auto sessions = many(most_identities + 50);
  sessions.push_back(sessions.back()); // the last one has two sessions: it is among the first
  admin_.sessions_ = sessions;
  std::string printed = text();
  std::size_t series = 0;
  for (auto at = printed.find("alknet_identity_sessions{"); at != std::string::npos;
       at = printed.find("alknet_identity_sessions{", at + 1))
    ++series;
  EXPECT_EQ(series, most_identities + 1);
  EXPECT_THAT(printed, HasSubstr("\nalknet_identity_sessions{identity=\"id1149\"} 2\n"));
  EXPECT_THAT(printed, HasSubstr("\nalknet_identity_sessions{identity=\"other\"} 50\n"));
  EXPECT_THAT(printed, HasSubstr("\nalknet_identity_channels{identity=\"other\"} 100\n"));
}

TEST_F(Metrics, LabelsAreEscaped) {
  EXPECT_EQ(exposition({{"x", "y", {{{{"l", "a\"b\\c\nd"}}, 1}}}}),
            "# HELP x y\n# TYPE x gauge\nx{l=\"a\\\"b\\\\c\\nd\"} 1\n");
  EXPECT_EQ(exposition({{"x", "y", {}}}), "");
}

TEST_F(Metrics, OfAServerThatIsDown) {
  admin_.running_ = false;
  EXPECT_THAT(text(exit_not_running), HasSubstr("\nalknet_up 0\n"));
}

TEST_F(Metrics, ForWhomAuthdDoesNotAnswer) {
  admin_.auth_ = fail(Kind::Denied, "not you");
  EXPECT_THAT(text(), HasSubstr("\nalknet_authd_up 1\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("alknet_authorized_keys")));
}

TEST_F(Metrics, AsJson) {
  EXPECT_EQ(metrics(admin_, {Format::Json, out_, err_, FakeAdmin::now}), exit_ok);
  auto document = nlohmann::json::parse(out_.str());
  EXPECT_EQ(document[0],
            nlohmann::json({{"name", "alknet_up"}, {"labels", nlohmann::json::object()}, {"value", 1}}));
}

} // namespace
} // namespace alk::alknetctl
