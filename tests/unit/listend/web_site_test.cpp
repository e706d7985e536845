#include "http_time.hpp"
#include "mime_types.hpp"
#include "web_site.hpp"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::listend::web_site_test {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t stamp = 1420070400; // Thu, 01 Jan 2015 00:00:00 GMT

class Site : public testing::Test {
 public:
  Site() {
    std::string pattern = testing::TempDir() + "alknet_site_XXXXXX";
    base = ::mkdtemp(pattern.data());
    root = base / "root";
    fs::create_directories(root / "dir");
    fs::create_directories(root / "bare");
    write("index.html", "<html>0123456789</html>");
    write("dir/index.html", "dir");
    write("style.CSS", "x{}");
    std::ofstream(base / "outside") << "secret";
    fs::create_symlink("index.html", root / "inside");
    fs::create_symlink("../outside", root / "escape");
    fs::create_symlink("/etc", root / "etc");
    fs::create_symlink("loop", root / "loop");
    ::mkfifo((root / "fifo").c_str(), 0600);
    site = WebSite(*WebRoot::open(root.string()));
  }
  ~Site() override { fs::remove_all(base); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(root / name) << content;
    const timespec times[2] = {{stamp, 0}, {stamp, 0}};
    ::utimensat(AT_FDCWD, (root / name).c_str(), times, 0);
  }

  static Request request(const std::string& path, Method method = Method::Get) {
    Request made;
    made.method = method;
    made.version = http_11;
    made.uri = *normalize_target(path, false);
    made.host = "example.org";
    made.keep_alive = true;
    return made;
  }

  Answer get(const std::string& path, Method method = Method::Get) {
    return site.answer(request(path, method), here);
  }
  int status(const std::string& path, Method method = Method::Get) { return get(path, method).head.status; }

  fs::path base, root;
  WebSite site;
  LocalEnd here{"192.0.2.1", 8443};
};

TEST_F(Site, FilesWithTheirHeaders) {
  const auto answer = get("/");
  EXPECT_EQ(
      format_head(answer.head, stamp),
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Type: text/html\r\n"
      "Content-Length: 23\r\nLast-Modified: Thu, 01 Jan 2015 00:00:00 GMT\r\nConnection: keep-alive\r\n"
      "ETag: \"54a48e00-17\"\r\nAccept-Ranges: bytes\r\n\r\n");
  EXPECT_TRUE(answer.file);
  EXPECT_EQ(get("/style.CSS").head.content_type, "text/css");
  EXPECT_EQ(get("/inside").head.content_length, 23U);
}

TEST_F(Site, NothingOutsideTheRootIsOpened) {
  EXPECT_EQ(status("/escape"), 403);
  EXPECT_EQ(status("/etc/passwd"), 403);
  EXPECT_EQ(status("/etc/"), 403);
  EXPECT_EQ(status("/loop"), 403);
  EXPECT_EQ(status("/%2e%2e%2e"), 404);
}

TEST_F(Site, WhatIsNotThere) {
  EXPECT_EQ(status("/none"), 404);
  EXPECT_EQ(status("/none/"), 404);
  EXPECT_EQ(status("/index.html/"), 404);
  EXPECT_EQ(status("/index.html/x"), 404);
  EXPECT_EQ(status("/fifo"), 404);
  EXPECT_EQ(status("/bare/"), 403);
  EXPECT_EQ(status("/" + std::string(5000, 'n')), 404);
}

TEST_F(Site, DirectoriesRedirect) {
  auto wanted = request("/dir?x=1");
  EXPECT_EQ(site.answer(wanted, here).head.location, "https://example.org:8443/dir/?x=1");
  here.port = 443;
  wanted.host.clear();
  EXPECT_EQ(site.answer(wanted, here).head.location, "https://192.0.2.1/dir/?x=1");
  EXPECT_EQ(status("/dir/"), 200);
}

TEST_F(Site, Methods) {
  EXPECT_EQ(status("/", Method::Head), 200);
  EXPECT_EQ(status("/", Method::Post), 405);
  EXPECT_EQ(status("/none", Method::Post), 404);
  EXPECT_EQ(status("/none", Method::Other), 405);
  EXPECT_EQ(status("/", Method::Options), 405);
}

TEST_F(Site, Conditions) {
  auto wanted = request("/");
  wanted.if_modified_since = "Thu, 01 Jan 2015 00:00:00 GMT";
  auto answer = site.answer(wanted, here);
  EXPECT_EQ(answer.head.status, 304);
  EXPECT_EQ(answer.head.content_length, std::nullopt);
  wanted.if_none_match = "\"other\"";
  EXPECT_EQ(site.answer(wanted, here).head.status, 200);
  wanted.if_none_match = "\"x\", W/\"54a48e00-17\"";
  EXPECT_EQ(site.answer(wanted, here).head.status, 304);
  wanted.if_match = "W/\"54a48e00-17\"";
  answer = site.answer(wanted, here);
  EXPECT_EQ(answer.head.status, 412);
  EXPECT_TRUE(answer.breaks_off);
}

TEST_F(Site, Ranges) {
  auto with = [&](const std::string& range) {
    auto wanted = request("/");
    wanted.range = range;
    return site.answer(wanted, here);
  };
  EXPECT_EQ(with("bytes=0-4").head.content_length, 5U);
  EXPECT_EQ(with("bytes=0-4").head.more.back().second, "bytes 0-4/23");
  EXPECT_EQ(with("bytes=-3").ranges[0].begin, 20U);
  EXPECT_EQ(with("bytes=23-").head.status, 416);
  EXPECT_EQ(with("bytes=x").head.status, 416);
  EXPECT_EQ(with("lines=1-2").head.status, 200);
  EXPECT_EQ(with("bytes=0-22,0-22").head.status, 200);
  const auto two = with("bytes=0-0,5-6");
  EXPECT_EQ(two.head.status, 206);
  ASSERT_EQ(two.ranges.size(), 2U);
  std::uint64_t length = two.tail.size();
  for (const auto& range : two.ranges) length += two.part_head(range).size() + range.end - range.begin;
  EXPECT_EQ(two.head.content_length, length);
}

TEST_F(Site, ManyRangesStaySmall) {
  auto wanted = request("/");
  std::string range = "bytes=0-0";
  for (int i = 0; i < 2000; ++i) range += ",0-0";
  wanted.range = range;
  EXPECT_EQ(site.answer(wanted, here).head.status, 200); // together more than the file
}

TEST_F(Site, OversizedBodies) {
  auto wanted = request("/", Method::Post);
  wanted.content_length = largest_body;
  EXPECT_EQ(site.answer(wanted, here).head.status, 405);
  wanted.content_length = largest_body + 1;
  const auto answer = site.answer(wanted, here);
  EXPECT_EQ(answer.head.status, 413);
  EXPECT_FALSE(answer.head.keep_alive);
}

TEST(BuiltInSite, SaysNotFoundToEverything) {
  const WebSite site;
  for (const char* path : {"/", "/index.html", "/a/b"})
    EXPECT_EQ(site.answer(Site::request(path), {}).head.status, 404) << path;
  EXPECT_EQ(site.answer(Site::request("/", Method::Other), {}).head.status, 404);
}

TEST(WebRootOpen, NeedsADirectory) {
  EXPECT_EQ(WebRoot::open("/nonexistent/x").error().kind, Kind::NotFound);
  EXPECT_EQ(WebRoot::open("/etc/passwd").error().kind, Kind::Invalid);
}

TEST(ErrorPages, AreNginxs) {
  EXPECT_EQ(error_page(404, false),
            "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
            "Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n");
  EXPECT_EQ(error_page(404, false).size(), 146U);
  EXPECT_EQ(error_page(status_plain_http, false).size(), 248U);
  EXPECT_EQ(error_page(status_head_too_large, false).size(), 226U);
  EXPECT_EQ(error_page(404, true).size(), 548U);
  EXPECT_EQ(error_page(301, true).size(), 162U);
  EXPECT_EQ(status_on_wire(status_plain_http), "400 Bad Request");
}

TEST(HttpTime, AllFormsBothWays) {
  EXPECT_EQ(format_http_time(stamp), "Thu, 01 Jan 2015 00:00:00 GMT");
  for (const char* text : {"Thu, 01 Jan 2015 00:00:00 GMT", "Thursday, 01-Jan-15 00:00:00 GMT",
                           "Thu Jan  1 00:00:00 2015", "Thu Jan 1 00:00:00 2015", "x, 01 Jan 2015 00:00:00"})
    EXPECT_EQ(parse_http_time(text), stamp) << text;
  for (const char* text : {"", "x", "Thu, 32 Jan 2015 00:00:00 GMT", "Thu, 29 Feb 2015 00:00:00 GMT",
                           "Thu, 01 Jan 2015 24:00:00 GMT", "Thu, 01 Xan 2015 00:00:00 GMT",
                           "Thu, 01 Jan 2015 00:00", "Thu, 01+Jan 2015 00:00:00 GMT"})
    EXPECT_FALSE(parse_http_time(text)) << text;
  EXPECT_TRUE(parse_http_time("Sat, 29 Feb 2020 00:00:00 GMT"));
}

TEST(MimeTypes, ByExtensionOfAnyCase) {
  EXPECT_EQ(mime_type("html"), "text/html");
  EXPECT_EQ(mime_type("HTML"), "text/html");
  EXPECT_EQ(mime_type("js"), "application/javascript");
  EXPECT_EQ(mime_type("jardiff"), "application/x-java-archive-diff");
  EXPECT_EQ(mime_type("bin"), "application/octet-stream");
  EXPECT_EQ(mime_type(""), "application/octet-stream");
  EXPECT_EQ(mime_type(std::string(5000, 'x')), "application/octet-stream");
}

} // namespace
} // namespace alk::listend::web_site_test
