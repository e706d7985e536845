// [server.proxy].
#include "config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::config::proxy_test {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

std::vector<std::string> problems_with(const std::string& lines) {
  std::vector<std::string> found;
  if (auto checked = parse("t", "[server.proxy]\n" + lines); !checked)
    for (auto& problem : checked.error()) found.push_back(problem.describe());
  return found;
}

Configuration with(const std::string& lines, const std::string& more = "") {
  auto checked = parse("t", "[server.proxy]\n" + lines + more);
  EXPECT_TRUE(checked) << testing::PrintToString(problems_with(lines));
  return checked.value_or(Configuration{});
}

TEST(ProxyUrl, NamesAProtocolAndAPlace) {
  EXPECT_EQ(parse_proxy_url("socks5://127.0.0.1:1080").value(),
            (ProxyUrl{ProxyProtocol::Socks5, "127.0.0.1", 1080}));
  EXPECT_EQ(parse_proxy_url("http://proxy.example.com:3128").value(),
            (ProxyUrl{ProxyProtocol::HttpConnect, "proxy.example.com", 3128}));
  EXPECT_EQ(parse_proxy_url("socks5://[2001:db8::1]:65535").value(),
            (ProxyUrl{ProxyProtocol::Socks5, "2001:db8::1", 65535}));
}

TEST(ProxyUrl, NothingElseIsOne) {
  for (const char* text : {"", "proxy:1080", "socks5h://proxy:1080", "https://proxy:3128", "SOCKS5://proxy:1",
                           "socks4://proxy:1080", "socks5:proxy:1080"})
    EXPECT_THAT(parse_proxy_url(text).error().what, HasSubstr("must begin with")) << text;
  for (const char* text : {"socks5://proxy", "socks5://", "http://proxy:", "http://proxy:0",
                           "http://proxy:65536", "http://proxy:80a", "http://[::1]"})
    EXPECT_THAT(parse_proxy_url(text).error().what, HasSubstr("port from 1 to 65535")) << text;
  for (const char* text : {"socks5://:1080", "socks5://::1:1080", "socks5://[proxy]:1080", "http://a b:80",
                           "socks5://[::1:1080", "socks5://[fe80::1%1]:1080", "socks5://a*:1"})
    EXPECT_THAT(parse_proxy_url(text).error().what, HasSubstr("a host or an address")) << text;
  for (const char* text : {"http://proxy:3128/", "http://proxy:3128?x", "http://proxy:3128#x"})
    EXPECT_THAT(parse_proxy_url(text).error().what, HasSubstr("must end with the port")) << text;
  EXPECT_FALSE(parse_proxy_url("http://" + std::string(254, 'a') + ":1"));
}

TEST(ProxySection, IsDynamic) {
  auto whole = with("url = \"http://proxy:3128\"\nuser = \"ada\"\npassword = \"secret:of-the-proxy\"\n");
  EXPECT_EQ(whole.dynamic.proxy.place, (ProxyUrl{ProxyProtocol::HttpConnect, "proxy", 3128}));
  EXPECT_EQ(whole.dynamic.proxy.user, "ada");
  EXPECT_EQ(whole.dynamic.proxy.credential(), "of-the-proxy");
  EXPECT_EQ(Proxy{}.credential(), "");
  EXPECT_THAT(changed_keys(Dynamic{}, whole.dynamic),
              ElementsAre("server.proxy.url", "server.proxy.user", "server.proxy.password"));
  EXPECT_EQ(with("url = \"\"\nuser = \"\"\npassword = \"\"\n").dynamic, Dynamic{});
}

TEST(ProxySection, APasswordStandsNowhereInTheFile) {
  for (const char* url : {"socks5://ada:hunter2@proxy:1080", "http://hunter2@proxy:3128"}) {
    auto found = problems_with("url = \"" + std::string(url) + "\"\n");
    EXPECT_THAT(found, ElementsAre(HasSubstr("t:2: server.proxy.url: must hold neither user nor password")));
    EXPECT_THAT(found, Not(Contains(HasSubstr("hunter2"))));
  }
  const std::string rest = "url = \"socks5://proxy:1080\"\nuser = \"ada\"\npassword = ";
  auto found = problems_with(rest + "\"hunter2\"\n");
  EXPECT_THAT(found, ElementsAre(HasSubstr("t:4: server.proxy.password: must be \"secret:NAME\"")));
  EXPECT_THAT(found, Not(Contains(HasSubstr("hunter2"))));
  EXPECT_THAT(problems_with(rest + "\"credential:proxy\"\n"),
              ElementsAre(HasSubstr("is no credential of the service manager")));
  for (const char* name : {"\"secret:\"", "\"secret:A\"", "\"secret:a/b\"", "\"secret:a_b\""})
    EXPECT_THAT(problems_with(rest + name + "\n"), ElementsAre(HasSubstr("must have a name of a-z"))) << name;
  EXPECT_THAT(problems_with(rest + "\"secret:" + std::string(65, 'a') + "\"\n"),
              ElementsAre(HasSubstr("64 at most")));
}

TEST(ProxySection, KeysThatMakeNoSenseAlone) {
  EXPECT_THAT(problems_with("url = \"socks5://p:1\"\nuser = \"ada\"\n"),
              ElementsAre(HasSubstr("t:3: server.proxy.user: user and password stand together")));
  EXPECT_THAT(problems_with("url = \"socks5://p:1\"\npassword = \"secret:x\"\n"),
              ElementsAre(HasSubstr("t:3: server.proxy.password: user and password stand together")));
  EXPECT_THAT(problems_with("user = \"ada\"\npassword = \"secret:x\"\n"),
              ElementsAre(HasSubstr("t:2: server.proxy.user: needs url")));
  const std::string login = "user = \"a:b\"\npassword = \"secret:x\"\n";
  EXPECT_THAT(problems_with("url = \"http://p:1\"\n" + login),
              ElementsAre(HasSubstr("server.proxy.user: must not hold a colon")));
  EXPECT_THAT(problems_with("url = \"socks5://p:1\"\n" + login), IsEmpty());
  EXPECT_THAT(problems_with("user = \"" + std::string(256, 'a') + "\"\n"),
              Contains(HasSubstr("255 bytes at most")));
  EXPECT_THAT(problems_with("ulr = \"x\"\n"), ElementsAre(HasSubstr("server.proxy.ulr")));
}

std::vector<std::string> warned(const std::string& lines, const std::string& more = "") {
  std::vector<std::string> keys;
  for (auto& warning : with(lines, more).warnings)
    if (warning.key.starts_with("server.proxy")) keys.push_back(warning.key);
  return keys;
}

TEST(ProxySection, WarnsOfAPasswordOnTheWire) {
  const std::string login = "user = \"a\"\npassword = \"secret:x\"\n";
  for (const char* host : {"proxy.example.com", "10.0.0.1", "[2001:db8::1]"})
    EXPECT_THAT(warned("url = \"socks5://" + std::string(host) + ":1\"\n" + login),
                ElementsAre("server.proxy.password"))
        << host;
  for (const char* host : {"localhost", "127.1.2.3", "[::1]"})
    EXPECT_THAT(warned("url = \"socks5://" + std::string(host) + ":1\"\n" + login), IsEmpty()) << host;
  EXPECT_THAT(warned("url = \"socks5://proxy.example.com:1\"\n"), IsEmpty());
}

TEST(ProxySection, WarnsOfRulesThatSeeNoNames) {
  auto rule = [](const std::string& action, const std::string& target) {
    return "[[forwarding.rules]]\naction = \"" + action + "\"\ntarget = \"" + target + "\"\n";
  };
  const std::string url = "url = \"socks5://p:1\"\n";
  EXPECT_THAT(warned(url, rule("deny", "10.0.0.0/8")), ElementsAre("server.proxy.url"));
  EXPECT_THAT(warned(url, rule("allow", "10.0.0.0/8") + rule("deny", "*.internal")), IsEmpty());
  EXPECT_THAT(warned("", rule("deny", "10.0.0.0/8")), IsEmpty());
}

} // namespace
} // namespace alk::config::proxy_test
