#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/proxy_header.hpp"
#include "net/tcp_stream.hpp"

#include <gtest/gtest.h>

namespace alk::net::proxy_header_test {
namespace {

using namespace std::chrono_literals;
using State = ProxyHeader::State;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(unsigned char command, unsigned char family, const std::string& block, int length = -1) {
  auto size = static_cast<std::size_t>(length < 0 ? static_cast<int>(block.size()) : length);
  return signature + static_cast<char>(command) + static_cast<char>(family) + static_cast<char>(size >> 8) +
         static_cast<char>(size & 255) + block;
}

const std::string inet("\xc6\x33\x64\x07\xc0\x00\x02\x01\xc3\x50\x01\xbb", 12); // 198.51.100.7:50000
const std::string inet6 = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16) +
                          std::string(16, '\0') + std::string("\xc3\x50\x01\xbb", 4);

std::string source(const std::string& bytes) {
  auto header = parse_proxy_header(bytes);
  switch (header.state) {
  case State::NeedMore: return "more";
  case State::Missing: return "missing";
  case State::Malformed: return "malformed";
  case State::Done: break;
  }
  switch (header.origin) {
  case ProxyHeader::Origin::Unknown: return "unknown";
  case ProxyHeader::Origin::Proxy: return "proxy";
  case ProxyHeader::Origin::Client: break;
  }
  return header.source.text();
}

TEST(ProxyHeader, Version1) {
  EXPECT_EQ(source("PROXY TCP4 198.51.100.7 192.0.2.1 50000 443\r\n"), "198.51.100.7:50000");
  EXPECT_EQ(source("PROXY TCP6 2001:db8::7 2001:DB8::1 0 65535\r\nSSH-"), "[2001:db8::7]:0");
  EXPECT_EQ(source("PROXY TCP6 ::ffff:198.51.100.7 ::1 1 2\r\n"), "198.51.100.7:1");
  EXPECT_EQ(source("PROXY UNKNOWN\r\n"), "unknown");
  EXPECT_EQ(source("PROXY UNKNOWN whatever it says\r\n"), "unknown");
  EXPECT_EQ(source("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "unknown") << "107 bytes";
}

TEST(ProxyHeader, Version1IsExact) {
  for (auto line :
       {"TCP4 198.51.100.7 192.0.2.1 50000", "TCP4 198.51.100.7 192.0.2.1 50000 443 ",
        "TCP4  1.1.1.1 1.1.1.1 1 1", "TCP4 198.51.100.07 192.0.2.1 1 1", "TCP4 198.51.100 192.0.2.1 1 1",
        "TCP4 ::1 ::1 1 1", "TCP6 1.1.1.1 1.1.1.1 1 1", "TCP4 1.1.1.1 ::1 1 1",
        "TCP4 1.1.1.1 1.1.1.1 65536 1", "TCP4 1.1.1.1 1.1.1.1 01 1", "TCP4 1.1.1.1 1.1.1.1 -1 1",
        "TCP4 1.1.1.1 1.1.1.1 1 ", "tcp4 1.1.1.1 1.1.1.1 1 1", "UDP4 1.1.1.1 1.1.1.1 1 1", "UNKNOWNX", "",
        "TCP4 host 1.1.1.1 1 1", "TCP6 fe80::1%1 ::1 1 1"})
    EXPECT_EQ(source("PROXY " + std::string(line) + "\r\n"), "malformed") << line;
  EXPECT_EQ(source("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n"), "malformed");
  EXPECT_EQ(source("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\rX"), "malformed");
  EXPECT_EQ(source("PROXY UNKNOWN a\nb\r\n"), "malformed");
  EXPECT_EQ(source("PROXY UNKNOWN a\n"), "malformed") << "as early as it can be seen";
  EXPECT_EQ(source("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "malformed") << "108 bytes";
  EXPECT_EQ(source("PROXY UNKNOWN " + std::string(92, 'x')), "malformed");
  for (auto other :
       {"SSH-2.0-x\r\n", "GET / HTTP/1.1\r\n", "\x16\x03\x01", "proxy TCP4", "PROXIED", "\r\n\r\nX"})
    EXPECT_EQ(source(other), "missing") << other;
}

TEST(ProxyHeader, Version2) {
  EXPECT_EQ(source(v2(0x21, 0x11, inet)), "198.51.100.7:50000");
  EXPECT_EQ(source(v2(0x21, 0x21, inet6)), "[2001:db8::7]:50000");
  EXPECT_EQ(source(v2(0x21, 0x11, inet + std::string("\x04\x00\x01x", 4)) + "SSH-2.0-"),
            "198.51.100.7:50000");
  auto mapped = std::string(10, '\0') + "\xff\xff" + inet.substr(0, 4) + std::string(20, '\0');
  EXPECT_EQ(source(v2(0x21, 0x21, mapped)), "198.51.100.7:0");
}

TEST(ProxyHeader, Version2WithoutAnAddressOfTcp) {
  EXPECT_EQ(source(v2(0x20, 0x00, "")), "proxy") << "LOCAL";
  EXPECT_EQ(source(v2(0x20, 0x11, inet)), "proxy") << "LOCAL ignores what it carries";
  EXPECT_EQ(source(v2(0x20, 0xff, "x")), "proxy");
  EXPECT_EQ(source(v2(0x21, 0x00, "anything")), "unknown");
  EXPECT_EQ(source(v2(0x21, 0x10, inet)), "unknown") << "INET, UNSPEC";
  EXPECT_EQ(source(v2(0x21, 0x12, inet)), "unknown") << "UDP";
  EXPECT_EQ(source(v2(0x21, 0x31, std::string(216, 'u'))), "unknown") << "AF_UNIX";
}

TEST(ProxyHeader, Version2IsExactAndBounded) {
  EXPECT_EQ(source(v2(0x11, 0x11, inet)), "malformed") << "version 1";
  EXPECT_EQ(source(v2(0x31, 0x11, inet)), "malformed") << "version 3";
  EXPECT_EQ(source(v2(0x22, 0x11, inet)), "malformed") << "command 2";
  EXPECT_EQ(source(v2(0x21, 0x41, inet)), "malformed") << "family 4";
  EXPECT_EQ(source(v2(0x21, 0x13, inet)), "malformed") << "protocol 3";
  EXPECT_EQ(source(v2(0x21, 0x11, inet.substr(1))), "malformed") << "11 bytes";
  EXPECT_EQ(source(v2(0x21, 0x21, inet6.substr(1))), "malformed") << "35 bytes";
  EXPECT_EQ(source(v2(0x21, 0x31, std::string(215, 'u'))), "malformed") << "215 bytes";
  EXPECT_EQ(source(v2(0x21, 0x11, inet, 4097)), "malformed");
  EXPECT_EQ(source(v2(0x20, 0x00, "", 4097)), "malformed");
  EXPECT_EQ(source(v2(0x21, 0x11, inet, 4096)), "more");
  const auto padding = std::string("\x04\x0f\xf1", 3) + std::string(4081, 't');
  EXPECT_EQ(source(v2(0x21, 0x11, inet + padding)), "198.51.100.7:50000");
  EXPECT_EQ(source(signature + '\x11'), "malformed") << "as early as it can be seen";
}

TEST(ProxyHeader, TlvsAreWalkedToTheEnd) {
  auto with = [](const std::string& tlvs) { return source(v2(0x21, 0x11, inet + tlvs)); };
  const std::string noop("\x04\x00\x01x", 4), empty("\xea\x00\x00", 3);
  EXPECT_EQ(with(noop + empty + noop), "198.51.100.7:50000");
  EXPECT_EQ(with(std::string("\x04", 1)), "malformed");
  EXPECT_EQ(with(std::string("\x04\x00", 2)), "malformed");
  EXPECT_EQ(with(noop + std::string("\x04\x00\x02x", 4)), "malformed") << "longer than the header";
  EXPECT_EQ(source(v2(0x21, 0x31, std::string(216, 'u') + noop.substr(1))), "malformed");
}

// A header as HAProxy 2.6 wrote it (send-proxy-v2, proxy-v2-options crc32c), for ::1.
std::string from_haproxy() {
  return signature + std::string("\x21\x21\x00\x2b", 4) + std::string(15, '\0') + "\x01" +
         std::string(15, '\0') + "\x01" + std::string("\x95\x76\x61\xac", 4) +
         std::string("\x03\x00\x04\x0f\x88\x6c\x0e", 7);
}

TEST(ProxyHeader, AChecksumIsVerified) {
  const std::string good = from_haproxy();
  EXPECT_EQ(source(good), "[::1]:38262");
  for (std::size_t at = 16; at < good.size(); ++at) {
    if (at == 52) continue; // another type: no checksum any more
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_EQ(source(bad), "malformed") << at;
  }
  const std::string three("\x03\x00\x03uvw", 6), five("\x03\x00\x05uvwxy", 8);
  EXPECT_EQ(source(v2(0x21, 0x11, inet + three)), "malformed");
  EXPECT_EQ(source(v2(0x21, 0x11, inet + five)), "malformed");
}

// Whatever the cut: more is wanted, never beyond the end, and the outcome is the same.
TEST(ProxyHeader, NeverAsksBeyondItsEnd) {
  for (const std::string& header :
       {std::string("PROXY TCP4 198.51.100.7 192.0.2.1 50000 443\r\n"), std::string("PROXY UNKNOWN\r\n"),
        std::string("PROXY TCP6 2001:db8::7 ::1 1 2\r\n"), v2(0x21, 0x11, inet), from_haproxy(),
        v2(0x21, 0x31, std::string(216, 'u')), v2(0x20, 0, ""), v2(0x20, 0, "skipped")})
    for (std::size_t cut = 0; cut <= header.size(); ++cut) {
      auto parsed = parse_proxy_header(std::string_view(header).substr(0, cut));
      EXPECT_EQ(parsed.state, cut == header.size() ? State::Done : State::NeedMore) << header << cut;
      if (cut < header.size()) {
        EXPECT_GT(parsed.wanted, cut);
        EXPECT_LE(parsed.wanted, header.size()) << header << cut;
      } else {
        EXPECT_EQ(parsed.size, header.size());
      }
    }
}

class ProxyStream : public testing::Test {
 public:
  ProxyStream() {
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket here(context);
    here.connect(acceptor.local_endpoint());
    there = acceptor.accept();
    stream = std::make_unique<TcpStream>(std::move(here));
  }
  Result<ProxyHeader> read(std::chrono::milliseconds patience) {
    Result<ProxyHeader> got = fail(Kind::Broken, "not run");
    tasks.spawn(
        "reader",
        [](ProxyStream& self, Result<ProxyHeader>& got, std::chrono::milliseconds patience) -> Task<> {
          got = co_await read_proxy_header(*self.stream, std::chrono::steady_clock::now() + patience);
        }(*this, got, patience));
    context.run();
    return got;
  }
  Error failure(std::chrono::milliseconds patience = 10s) {
    auto got = read(patience);
    return got ? Error{Kind::Broken, "read a header", {}, {}} : got.error();
  }

  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  asio::ip::tcp::socket there{context};
  std::unique_ptr<TcpStream> stream;
};

TEST_F(ProxyStream, LeavesWhatFollows) {
  there.send(asio::buffer(std::string("PROXY TCP4 198.51.100.7 192.0.2.1 50000 443\r\nSSH-2.0-x")));
  auto got = read(10s);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->source.text(), "198.51.100.7:50000");
  std::array<std::byte, 64> rest{};
  auto moved = stream->read(rest);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(rest.data()), moved.count), "SSH-2.0-x");
}

TEST_F(ProxyStream, SaysWhatIsWrong) {
  there.send(asio::buffer(std::string("SSH-2.0-x\r\n")));
  auto error = failure();
  EXPECT_EQ(error.kind, Kind::Invalid);
  EXPECT_EQ(error.what, "missing");
}

TEST_F(ProxyStream, SaysThatAHeaderIsMalformed) {
  there.send(asio::buffer(std::string("PROXY TCP4 nonsense\r\n")));
  auto error = failure();
  EXPECT_EQ(error.kind, Kind::Invalid);
  EXPECT_EQ(error.what, "malformed");
}

TEST_F(ProxyStream, DoesNotWaitForEver) {
  there.send(asio::buffer(std::string("PROXY TCP4 ")));
  EXPECT_EQ(failure(20ms).kind, Kind::Busy);
}

TEST_F(ProxyStream, SeesTheProxyLeave) {
  there.send(asio::buffer(std::string("PROXY")));
  there.close();
  EXPECT_EQ(failure().kind, Kind::Gone);
}

TEST_F(ProxyStream, KnowsAConnectionThatOnlyAsksWhetherSomebodyIsThere) {
  there.close();
  EXPECT_EQ(failure().kind, Kind::NotFound);
}

TEST_F(ProxyStream, KnowsItAlsoWhenItEndsWithAReset) {
  there.set_option(asio::socket_base::linger(true, 0));
  there.close();
  EXPECT_EQ(failure().kind, Kind::NotFound);
}

} // namespace
} // namespace alk::net::proxy_header_test
