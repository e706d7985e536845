#include "serve_bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::alknet::serve_bus_test {

using testing::HasSubstr;
using testing::Not;

TEST(AdaptPolicy, EveryUserAndGroupBecomesTheOne) {
  auto adapted = adapt_policy(R"(<busconfig>
  <policy user="alknet-authd"><allow own="org.alknet.Auth1"/></policy>
  <policy   user = 'alknet-listend' >
    <allow send_destination="org.alknet.Auth1" send_member="user"/>
  </policy>
  <policy group="alknet-admin"><allow send_destination="org.alknet.Listen1"/></policy>
  <policy context="default"><deny send_destination="org.alknet.Auth1"/></policy>
</busconfig>
)",
                              4711);
  ASSERT_TRUE(adapted);
  EXPECT_EQ(*adapted, R"(<busconfig>
  <policy user="4711"><allow own="org.alknet.Auth1"/></policy>
  <policy   user="4711" >
    <allow send_destination="org.alknet.Auth1" send_member="user"/>
  </policy>
  <policy user="4711"><allow send_destination="org.alknet.Listen1"/></policy>
  <policy context="default"><deny send_destination="org.alknet.Auth1"/></policy>
</busconfig>
)");
}

TEST(AdaptPolicy, CommentsStayAsTheyAre) {
  auto adapted = adapt_policy("<!-- <policy user=\"a\"> --><policy user=\"a\"/>", 1);
  ASSERT_TRUE(adapted);
  EXPECT_EQ(*adapted, "<!-- <policy user=\"a\"> --><policy user=\"1\"/>");
}

TEST(AdaptPolicy, RefusesAPolicyForNobody) {
  for (const char* text : {"", "<busconfig/>", "<policy context=\"default\"/>", "<policyuser=\"a\"/>",
                           "<policy user", "<policy user=", "<policy user=\"a", "<!-- <policy user=\"a\">"})
    EXPECT_EQ(adapt_policy(text, 1).error().kind, Kind::Invalid) << text;
}

TEST(AdaptPolicy, TheEmbeddedFilesCanBeAdapted) {
  for (const PolicyFile& file : policy_files()) {
    auto adapted = adapt_policy(file.text, 4711);
    ASSERT_TRUE(adapted) << file.name;
    EXPECT_THAT(*adapted, HasSubstr("user=\"4711\"")) << file.name;
    EXPECT_THAT(*adapted, Not(HasSubstr("user=\"alknet"))) << file.name;
    EXPECT_THAT(*adapted, Not(HasSubstr("user=\"root\""))) << file.name;
  }
}

TEST(BusConfig, ListensOnceAndLetsOneUserIn) {
  std::string config = bus_config("unix:path=/s/bus", "/s/<d>&", 4711);
  EXPECT_THAT(config, HasSubstr("<listen>unix:path=/s/bus</listen>"));
  EXPECT_THAT(config, HasSubstr("<auth>EXTERNAL</auth>"));
  EXPECT_THAT(config, HasSubstr("<deny user=\"*\"/>\n    <allow user=\"4711\"/>"));
  EXPECT_THAT(config, HasSubstr("<deny own=\"*\"/>"));
  EXPECT_THAT(config, HasSubstr("<deny send_type=\"method_call\"/>"));
  EXPECT_THAT(config, HasSubstr("<includedir>/s/&lt;d&gt;&amp;</includedir>"));
}

} // namespace alk::alknet::serve_bus_test
