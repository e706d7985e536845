// The cases are nginx's own answers; tests/integration/stealth_probe_test.py compares them with a running
// one.
#include "http_head.hpp"

#include <gtest/gtest.h>

namespace alk::listend::http_head_test {
namespace {

using Outcome = HeadReader::Outcome;

// Feeds as much at once as the reader allows.
Outcome feed_all(HeadReader& reader, std::string_view bytes) {
  auto outcome = Outcome::NeedMore;
  while (!bytes.empty() && outcome == Outcome::NeedMore) {
    const auto part = bytes.substr(0, reader.room());
    bytes.remove_prefix(part.size());
    outcome = reader.feed(part);
  }
  return outcome;
}

// 0 for a good head, -1 for an incomplete one, else the status.
int judge(std::string_view bytes) {
  HeadReader reader;
  const auto outcome = feed_all(reader, bytes);
  return outcome == Outcome::Complete ? 0 : outcome == Outcome::NeedMore ? -1 : reader.status();
}

Request parsed(std::string_view bytes) {
  HeadReader reader;
  EXPECT_EQ(feed_all(reader, bytes), Outcome::Complete) << bytes;
  return reader.request();
}

std::string with_host(const std::string& line) {
  return line + "\r\nHost: a\r\n\r\n";
}

TEST(HttpHead, AcceptsTheUsualAndTheUnusual) {
  for (const char* line :
       {"GET / HTTP/1.1", "GET / HTTP/1.99", "GET / HTTP/1.999", "G-E_T / HTTP/1.1", "FOO /x HTTP/1.0",
        "GET   /  HTTP/1.1  ", "GET http://a/ HTTP/1.1", "GET http://[::1]:8/x HTTP/1.1",
        "GET http://a?q HTTP/1.1", "GET /\x80\xff HTTP/1.1", "GET /a b HTTP/1.1"}) {
    const int expected = std::string_view(line) == "GET /a b HTTP/1.1" ? 400 : 0;
    EXPECT_EQ(judge(with_host(line)), expected) << line;
  }
}

TEST(HttpHead, RefusesAtTheByteThatIsWrong) {
  for (const char* start : {"g", "GETx", "GET\t", "GET x ", "GET /\x01", "GET /\x7f", "GET / h",
                            "GET / HTTP/1.1x", "GET / HTTP/0", "GET / HTTP/1.1\rx", "\x16", "GET http://a_",
                            "GET http://a:x", "GET http://[^", "SSH-2", "PRI *"})
    EXPECT_EQ(judge(start), 400) << start;
  EXPECT_EQ(judge("GET / HTTP/2"), 505);
  EXPECT_EQ(judge("GET / HTTP/10"), 505);
  EXPECT_EQ(judge("SSH-"), -1);
  EXPECT_EQ(judge(""), -1);
}

TEST(HttpHead, OneByteAtATimeGivesTheSame) {
  const std::string text =
      "\r\nPOST http://H.Example:80/a/../b%20c?x#y HTTP/1.1\r\nHost: other\r\ncontent-LENGTH: 12\r\n\r\nbody";
  HeadReader reader;
  auto outcome = Outcome::NeedMore;
  std::size_t used = 0;
  while (outcome == Outcome::NeedMore) outcome = reader.feed(std::string_view(text).substr(used++, 1));
  EXPECT_EQ(outcome, Outcome::Complete);
  EXPECT_EQ(text.substr(used), "body");
  const auto& request = reader.request();
  EXPECT_EQ(request.method, Method::Post);
  EXPECT_EQ(request.version, http_11);
  EXPECT_EQ(request.uri.path, "/b c");
  EXPECT_EQ(request.uri.query, "x");
  EXPECT_EQ(request.host, "h.example");
  EXPECT_EQ(request.content_length, 12);
}

TEST(HttpHead, SimpleRequestsEndWithTheLine) {
  EXPECT_EQ(parsed("GET /x\r\n").version, http_09);
  EXPECT_EQ(parsed("GET /x \n").version, http_09);
  EXPECT_EQ(judge("POST /x\r\n"), 400);
  HeadReader reader;
  feed_all(reader, "POST /\n");
  EXPECT_EQ(reader.request().version, http_09); // the answer to it has no head
}

TEST(HttpHead, VersionIsOneOhUntilItIsKnown) {
  HeadReader reader;
  EXPECT_EQ(feed_all(reader, "HEAD /\x01"), Outcome::Refused);
  EXPECT_EQ(reader.request().version, http_10);
  EXPECT_EQ(reader.request().method, Method::Head); // so that the refusal has no body
}

TEST(HttpHead, HeaderLinesThatAreSkippedRefusedOrTaken) {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const char* fine :
       {"X_Y: 1\r\n", "X(: 1\r\n", "X\r\n", "X: \x01\xff\r\n", "X: 1\r\r\n", "X:\r\n", "\x80: 1\r\n"})
    EXPECT_EQ(judge(line + fine + "\r\n"), 0) << fine;
  for (const std::string bad : {"X : 1\r\n", " X: 1\r\n", ": 1\r\n", "X: a\rb\r\n", "\r\r", "X\x7f: 1\r\n"})
    EXPECT_EQ(judge(line + bad + "\r\n"), 400) << bad;
  EXPECT_EQ(judge(line + std::string("X: \0", 4)), 400);
}

TEST(HttpHead, WhatMayComeOnlyOnce) {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const char* name :
       {"Host", "Content-Length", "Transfer-Encoding", "If-Match", "If-None-Match", "If-Modified-Since",
        "If-Unmodified-Since", "If-Range", "Expect", "Authorization", "Content-Range"})
    EXPECT_EQ(judge(line + name + ": 1\r\n" + name + ": 1\r\n"), 400) << name;
  EXPECT_EQ(judge(line + "Range: a\r\nRange: b\r\nCookie: a\r\nCookie: b\r\n\r\n"), 0);
}

TEST(HttpHead, RulesOfTheWholeHead) {
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(judge("GET http://a/ HTTP/1.1\r\n\r\n"), 400); // Host is required all the same
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(judge(line + "Content-Length: 9223372036854775807\r\n\r\n"), 0);
  EXPECT_EQ(judge(line + "Content-Length: 9223372036854775808\r\n\r\n"), 400);
  EXPECT_EQ(judge(line + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(judge(line + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(judge(line + "Transfer-Encoding: CHUNKED\r\n\r\n"), 0);
  EXPECT_EQ(judge(line + "Transfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(judge(line + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(judge(with_host("TRACE / HTTP/1.1")), 405);
  EXPECT_EQ(judge(with_host("CONNECT /x HTTP/1.1")), 405);
}

TEST(HttpHead, KeepAliveByVersionAndConnection) {
  EXPECT_TRUE(parsed(with_host("GET / HTTP/1.1")).keep_alive);
  EXPECT_FALSE(parsed(with_host("GET / HTTP/1.0")).keep_alive);
  EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: Enclosed\r\n\r\n").keep_alive);
}

TEST(HttpHead, BrowsersThatGetPadding) {
  auto pads = [](const std::string& agent) {
    return parsed("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + "\r\n\r\n").pads_errors;
  };
  EXPECT_TRUE(pads("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"));
  EXPECT_TRUE(pads("Mozilla/4.0 (compatible; MSIE 8.0; x)"));
  EXPECT_FALSE(pads("Mozilla/5.0 Gecko/20100101 Firefox/120.0"));
  EXPECT_FALSE(pads("Opera MSIE 6.0; x"));
  EXPECT_FALSE(pads("curl/8"));
}

TEST(HttpHead, LimitsOfLinesAndHeads) {
  const auto line = [](std::size_t size) {
    return "GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(judge(line(8000)), 0);
  EXPECT_EQ(judge(line(9000)), 414);
  const auto header = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(judge(header(8000)), 0);
  EXPECT_EQ(judge(header(9000)), status_head_too_large);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 4; ++i) many += "X: " + std::string(7000, 'a') + "\r\n";
  EXPECT_EQ(judge(many + "\r\n"), 0);
  many += "X: " + std::string(7000, 'a') + "\r\n";
  EXPECT_EQ(judge(many + "\r\n"), status_head_too_large);
}

TEST(HttpHead, AThousandHeadersAndNoMore) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 500; ++i) head += "X_: 1\r\n"; // skipped ones do not count
  for (int i = 0; i < 999; ++i) head += "X: 1\r\n";
  EXPECT_EQ(judge(head + "\r\n"), 0);
  EXPECT_EQ(judge(head + "X: 1\r\n"), status_head_too_large);
}

TEST(HttpHead, LineBreaksInFrontUseTheBufferAgain) {
  HeadReader reader;
  for (int i = 0; i < 10000; ++i) ASSERT_EQ(reader.feed("\r\n"), Outcome::NeedMore);
  EXPECT_FALSE(reader.untouched());
  EXPECT_EQ(feed_all(reader, with_host("GET / HTTP/1.1")), Outcome::Complete);
}

TEST(HttpHead, PipelinedRequestsGoOnInTheSameBuffer) {
  HeadReader reader;
  const auto one = with_host("GET /1 HTTP/1.1");
  EXPECT_EQ(feed_all(reader, one + with_host("GET /2 HTTP/1.1") + "GET"), Outcome::Complete);
  EXPECT_EQ(reader.request().uri.path, "/1");
  EXPECT_EQ(reader.next(), Outcome::Complete);
  EXPECT_EQ(reader.request().uri.path, "/2");
  EXPECT_EQ(reader.rest(), "GET");
  EXPECT_EQ(reader.next(), Outcome::NeedMore);
  EXPECT_FALSE(reader.untouched());
  EXPECT_EQ(feed_all(reader, " /3 HTTP/1.0\r\n\r\n"), Outcome::Complete);
  EXPECT_EQ(reader.next(), Outcome::NeedMore);
  EXPECT_TRUE(reader.untouched());
  EXPECT_EQ(reader.room(), small_header_buffer);
}

TEST(HttpHead, BodyBytesAreTakenFromTheRest) {
  HeadReader reader;
  feed_all(reader, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET");
  EXPECT_EQ(reader.rest(), "helloGET");
  reader.drop_rest(5);
  reader.add_rest(" /x\r\n");
  EXPECT_EQ(reader.next(), Outcome::Complete);
  EXPECT_EQ(reader.request().uri.path, "/x");
}

TEST(HttpUri, NormalForms) {
  auto path = [](std::string_view target) {
    const auto uri = normalize_target(target, false);
    return uri ? uri->path : std::string("-");
  };
  EXPECT_EQ(path("/"), "/");
  EXPECT_EQ(path("//a///b/"), "/a/b/");
  EXPECT_EQ(path("/a/./b/../c"), "/a/c");
  EXPECT_EQ(path("/a/.."), "/");
  EXPECT_EQ(path("/a/b/.."), "/a/");
  EXPECT_EQ(path("/."), "/");
  EXPECT_EQ(path("/..."), "/...");
  EXPECT_EQ(path("/.a/..b"), "/.a/..b");
  EXPECT_EQ(path("/%41%2fb%2F..%2e"), "/A/b/...");
  EXPECT_EQ(path("/a/%2e%2e/b"), "/b");
  EXPECT_EQ(path("/a%3fb%23c%25d"), "/a?b#c%d");
  for (const char* bad : {"/..", "/../", "/a/../..", "/%2e%2e/x", "/%", "/%4", "/%zz", "/%00", "/a/../../b"})
    EXPECT_EQ(path(bad), "-") << bad;
}

TEST(HttpUri, QueryFragmentExtension) {
  const auto uri = normalize_target("/a.b/c.tar.gz?x=%zz?y#f", false);
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->path, "/a.b/c.tar.gz");
  EXPECT_EQ(uri->query, "x=%zz?y");
  EXPECT_EQ(uri->extension, "gz");
  EXPECT_EQ(normalize_target("/a#b?c", false)->query, "");
  EXPECT_EQ(normalize_target("?q", true)->path, "/");
  EXPECT_EQ(normalize_target("/.html", false)->extension, "");
  EXPECT_EQ(normalize_target("/..html", false)->extension, "");
  EXPECT_EQ(normalize_target("/...x.txt", false)->extension, "txt");
  EXPECT_EQ(normalize_target("/a.txt/", false)->extension, "");
}

TEST(HttpUri, Hosts) {
  EXPECT_EQ(normalize_host_header("Example.ORG:443"), "example.org");
  EXPECT_EQ(normalize_host_header("a."), "a");
  EXPECT_EQ(normalize_host_header("[::1]:80"), "[::1]");
  EXPECT_EQ(normalize_host_header("a:b:c"), "a");
  for (const char* bad : {"", ".", "a..b", "a/b", "a b", ":80", "a\x7f", "\t"})
    EXPECT_FALSE(normalize_host_header(bad)) << bad;
}

TEST(HttpUri, EscapesForLocation) {
  EXPECT_EQ(escape_path("/a b?c#d%e\"<>\\^`{|}\x01\xc3~"),
            "/a%20b%3Fc%23d%25e%22%3C%3E%5C%5E%60%7B%7C%7D%01%C3~");
}

} // namespace
} // namespace alk::listend::http_head_test
