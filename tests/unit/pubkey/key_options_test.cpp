#include "pubkey/key_options.hpp"

#include <gmock/gmock.h>

namespace alk::pubkey::key_options_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

KeyOptions parsed(std::string_view field) {
  auto options = parse_key_options(field);
  EXPECT_TRUE(options) << field << ": " << options.error().what;
  return options ? *options : KeyOptions{};
}

std::string reason(std::string_view field) {
  auto options = parse_key_options(field);
  EXPECT_FALSE(options) << field;
  return options ? "" : options.error().what;
}

TEST(OptionsLength, EndsAtTheFirstBlankOutsideQuotes) {
  EXPECT_EQ(options_length("restrict ssh-ed25519"), 8u);
  EXPECT_EQ(options_length("restrict\tssh-ed25519"), 8u);
  EXPECT_EQ(options_length("from=\"a b\" ssh"), 10u);
  EXPECT_EQ(options_length("x=\"a\\\" b\" ssh"), 9u);
  EXPECT_EQ(options_length("restrict"), 8u);
}

TEST(OptionsLength, NothingWhenAQuoteStaysOpen) {
  EXPECT_FALSE(options_length("from=\"192.0.2.1 ssh-ed25519"));
  EXPECT_FALSE(options_length("x=\"a\\\" ssh"));
}

TEST(KeyOptions, Flags) {
  EXPECT_TRUE(parsed("cert-authority").cert_authority);
  EXPECT_FALSE(parsed("restrict").port_forwarding);
  EXPECT_FALSE(parsed("no-port-forwarding").port_forwarding);
  EXPECT_TRUE(parsed("port-forwarding").port_forwarding);
}

TEST(KeyOptions, TheLaterFlagCounts) {
  EXPECT_TRUE(parsed("restrict,port-forwarding").port_forwarding);
  EXPECT_FALSE(parsed("port-forwarding,restrict").port_forwarding);
}

TEST(KeyOptions, NamesInAnyCase) {
  EXPECT_FALSE(parsed("Restrict").port_forwarding);
  EXPECT_TRUE(parsed("FROM=\"*\"").from);
}

TEST(KeyOptions, WhatWeNeverGiveIsAccepted) {
  auto options = parsed(
      "no-pty,pty,no-agent-forwarding,agent-forwarding,no-X11-forwarding,X11-forwarding,no-user-rc,user-rc,"
      "no-touch-required,touch-required,verify-required");
  EXPECT_TRUE(options.port_forwarding);
}

TEST(KeyOptions, WhatIsNotUnderstoodIsRefused) {
  for (const char* field : {"command=\"/bin/true\"", "environment=\"A=b\"", "tunnel=\"0\""})
    EXPECT_THAT(reason(field), HasSubstr("= is not supported"));
  for (const char* field :
       {"no-everything", "no-restrict", "no-cert-authority", "no-verify-required", "restrict=\"yes\"", "from",
        "permitopen", "command", "permit-port-forwarding", "cert-authorityx"})
    EXPECT_THAT(reason(field), HasSubstr("option 1 is unknown")) << field;
}

TEST(KeyOptions, NamesThePosition) {
  EXPECT_EQ(reason("restrict,no-pty,whatever"), "option 3 is unknown");
  EXPECT_EQ(reason("restrict,"), "option 2 is empty");
  EXPECT_EQ(reason("restrict,,pty"), "option 2 is empty");
  EXPECT_EQ(reason(""), "option 1 is empty");
  EXPECT_EQ(reason("=\"x\""), "option 1 is empty");
}

TEST(KeyOptions, NeverRepeatsTheText) {
  EXPECT_THAT(reason("b3BlbnNzaC1rZXktdjEAAAA="), Not(HasSubstr("b3Bl")));
  EXPECT_THAT(reason("permitopen=\"hidden.example:99999\""), Not(HasSubstr("hidden")));
  EXPECT_THAT(reason("permitopen=\"hidden example:80\""), Not(HasSubstr("hidden")));
}

TEST(KeyOptions, Quoting) {
  EXPECT_THAT(parsed("cert-authority,principals=\"a b,c\\\"d\"").principals, ElementsAre("a b", "c\"d"));
  EXPECT_THAT(parsed("cert-authority,principals=\"a\\\\b\"").principals, ElementsAre("a\\\\b"));
  EXPECT_THAT(parsed("cert-authority,principals=\"x,restrict=\"").principals, ElementsAre("x", "restrict="));
}

TEST(KeyOptions, QuotingGoneWrong) {
  EXPECT_EQ(reason("from=*"), "option 1 has a value without quotes");
  EXPECT_EQ(reason("from="), "option 1 has a value without quotes");
  EXPECT_EQ(reason("from=\"*"), "option 1 has an unclosed quote");
  EXPECT_EQ(reason("from=\"*\\\""), "option 1 has an unclosed quote");
  EXPECT_EQ(reason("from=\"*\"x"), "option 1 is followed by something else than a comma");
  EXPECT_EQ(reason("restrict\"x\""), "option 1 is followed by something else than a comma");
  EXPECT_EQ(reason("from=\"*\"\"*\""), "option 1 is followed by something else than a comma");
  EXPECT_EQ(reason(std::string("from=\"*\0\"", 9)), "option 1 holds a control character");
  EXPECT_EQ(reason("from=\"\t*\""), "option 1 holds a control character");
}

TEST(KeyOptions, FromOnce) {
  EXPECT_EQ(reason("from=\"*\",from=\"*\""), "from= stands twice");
  EXPECT_THAT(reason("from=\"192.0.2.1/24\""), HasSubstr("from="));
}

TEST(KeyOptions, TheEarliestExpiryCounts) {
  auto earlier = parse_expiry_time("20300101Z");
  EXPECT_EQ(parsed("expiry-time=\"20310101Z\",expiry-time=\"20300101Z\"").expires, earlier);
  EXPECT_EQ(parsed("expiry-time=\"20300101Z\",expiry-time=\"20310101Z\"").expires, earlier);
  EXPECT_THAT(reason("expiry-time=\"tomorrow\""), HasSubstr("expiry-time= needs"));
}

TEST(KeyOptions, PermitOpen) {
  auto options = parsed("permitopen=\"db.example:5432\",permitopen=\"[2001:db8::1]:22\",permitopen=\"*:80\","
                        "permitopen=\"h:*\"");
  EXPECT_THAT(options.permitopen, ElementsAre("db.example:5432", "[2001:db8::1]:22", "*:80", "h:*"));
  EXPECT_THAT(options.permitlisten, IsEmpty());
}

TEST(KeyOptions, PermitListen) {
  auto options = parsed("permitlisten=\"8080\",permitlisten=\"localhost:8081\",permitlisten=\"*\"");
  EXPECT_THAT(options.permitlisten, ElementsAre("*:8080", "localhost:8081", "*:*"));
}

TEST(KeyOptions, MalformedPermits) {
  for (const char* value : {"",
                            "80",
                            "*",
                            ":80",
                            "host",
                            "host:",
                            "host:0",
                            "host:65536",
                            "host:-1",
                            "host:http",
                            "host:80:",
                            "2001:db8::1:22",
                            "[2001:db8::1]",
                            "[2001:db8::1]22",
                            "[]:22",
                            "[host]:22",
                            "[192.0.2.1]:22",
                            "ho st:22",
                            "a/b:22",
                            "host/22",
                            "a,b:22"})
    EXPECT_THAT(reason("permitopen=\"" + std::string(value) + "\""), HasSubstr("permitopen=")) << value;
  EXPECT_FALSE(parse_key_options("permitopen=\"" + std::string(max_permit_host + 1, 'h') + ":22\""));
  EXPECT_TRUE(parse_key_options("permitopen=\"" + std::string(max_permit_host, 'h') + ":22\""));
}

TEST(KeyOptions, PrincipalsBelongToAuthorities) {
  EXPECT_THAT(parsed("principals=\"a,b\",cert-authority").principals, ElementsAre("a", "b"));
  EXPECT_EQ(reason("principals=\"a\""), "principals= stands without cert-authority");
  EXPECT_THAT(reason("cert-authority,principals=\"\""), HasSubstr("empty name"));
  EXPECT_THAT(reason("cert-authority,principals=\"a,\""), HasSubstr("empty name"));
  EXPECT_THAT(reason("cert-authority,principals=\"a\",principals=\"b\""), HasSubstr("stands twice"));
}

TEST(KeyOptions, AnOlderSpellingOnAuthorities) {
  EXPECT_TRUE(parsed("cert-authority,permit-port-forwarding").port_forwarding);
}

} // namespace
} // namespace alk::pubkey::key_options_test
