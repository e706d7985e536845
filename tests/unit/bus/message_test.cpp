#include "bus/message.hpp"
#include "loop/asio.hpp"
#include "pair.hpp"

#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::bus::test::message_test {
namespace {

// What `fill` writes, as the other end of a connection reads it.
struct MessageTest : testing::Test {
  asio::io_context loop;
  Pair pair{loop};
  std::optional<Message> received;

  Message& pass_on(const std::function<void(Message&)>& fill) {
    auto slot = pair.client->match_signal(target, "Sent",
                                          [this](Message& message) { received = std::move(message); });
    received.reset();
    auto message = pair.server->make_signal(path, "org.alknet.Test1", "Sent");
    fill(message);
    auto sent = pair.server->send(std::move(message));
    EXPECT_TRUE(sent) << (sent ? "" : sent.error().describe());
    EXPECT_TRUE(run_until(loop, [&] { return received.has_value(); }));
    return *received;
  }

  Result<void> send(const std::function<void(Message&)>& fill) {
    auto message = pair.server->make_signal(path, "org.alknet.Test1", "Sent");
    fill(message);
    return pair.server->send(std::move(message));
  }
};

TEST_F(MessageTest, BasicTypes) {
  auto& in = pass_on([](Message& out) {
    out.write_bool(true).write_u8(255).write_u16(65535).write_i32(-2).write_u32(0xffffffff);
    out.write_i64(-5).write_u64(UINT64_MAX).write_text("grüß").write_bytes(std::string_view("\0\xff", 2));
  });
  EXPECT_EQ(in.signature(), "byqiuxtsay");
  EXPECT_TRUE(*in.read_bool());
  EXPECT_EQ(*in.read_u8(), 255);
  EXPECT_EQ(*in.read_u16(), 65535);
  EXPECT_EQ(*in.read_i32(), -2);
  EXPECT_EQ(*in.read_u32(), 0xffffffff);
  EXPECT_EQ(*in.read_i64(), -5);
  EXPECT_EQ(*in.read_u64(), UINT64_MAX);
  EXPECT_EQ(*in.read_text(), "grüß");
  EXPECT_EQ(*in.read_bytes(), std::string("\0\xff", 2));
}

TEST_F(MessageTest, Containers) {
  std::vector<std::string> texts{"a", "", "c"};
  StringLists lists{{"fs", {"x", "y"}}, {"none", {}}};
  std::vector<Dictionary> dictionaries{
      {{"b", true}, {"y", std::uint8_t{1}}, {"q", std::uint16_t{2}}, {"i", std::int32_t{-3}}, {"as", texts}},
      {},
      {{"u", std::uint32_t{4}}, {"x", std::int64_t{-5}}, {"t", std::uint64_t{6}}, {"s", "text"}}};
  auto& in = pass_on([&](Message& out) {
    out.write_texts(texts).write_string_lists(lists).write_dictionaries(dictionaries);
    out.write_inside('a', "(sssb)", [&] {
      out.write_inside('r', "sssb",
                       [&] { out.write_text("1").write_text("2").write_text("3").write_bool(true); });
    });
  });
  EXPECT_EQ(in.signature(), "asa{sas}aa{sv}a(sssb)");
  EXPECT_EQ(*in.read_texts(), texts);
  EXPECT_EQ(*in.read_string_lists(), lists);
  EXPECT_EQ(*in.read_dictionaries(), dictionaries);
  std::vector<std::string> tuple;
  auto member = [&]() -> Result<void> {
    for (int i = 0; i < 3; ++i) tuple.push_back(in.read_text().value_or("?"));
    ALK_TRY(auto last, in.read_bool());
    tuple.emplace_back(last ? "true" : "false");
    return {};
  };
  ASSERT_TRUE(in.read_each("(sssb)", [&] { return in.read_inside('r', "sssb", member); }));
  EXPECT_EQ(tuple, (std::vector<std::string>{"1", "2", "3", "true"}));
}

TEST_F(MessageTest, VariantsOfOtherTypesAreKeptAsOpaque) {
  auto& in = pass_on([](Message& out) {
    out.write_inside('a', "{sv}", [&] {
      out.write_inside('e', "sv", [&] {
        out.write_text("odd").write_inside('v', "a{sas}", [&] { out.write_string_lists({{"a", {"b"}}}); });
      });
      out.write_inside('e', "sv", [&] { out.write_text("plain").write_value(std::string("x")); });
    });
  });
  auto dictionary = in.read_dictionary();
  ASSERT_TRUE(dictionary);
  EXPECT_EQ(dictionary->at("odd"), Value(Opaque{"a{sas}"}));
  EXPECT_EQ(dictionary->at("plain"), Value("x"));
  EXPECT_EQ(find<std::string>(*dictionary, "odd"), nullptr);
  EXPECT_EQ(*find<std::string>(*dictionary, "plain"), "x");
}

TEST_F(MessageTest, DescriptorsAreDuplicated) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd read_end(ends[0]), write_end(ends[1]);
  pass_on(
      [](Message& out) { out.write_u32(0); }); // descriptors are only sent once both ends have agreed to them
  auto& in = pass_on([&](Message& out) { out.write_fd(write_end.get()); });
  auto fd = in.read_fd();
  ASSERT_TRUE(fd) << fd.error().describe();
  received.reset();
  write_end.reset();
  ASSERT_EQ(::write(fd->get(), "x", 1), 1);
  char c = 0;
  EXPECT_EQ(::read(read_end.get(), &c, 1), 1);
}

TEST_F(MessageTest, WrongTypesAndEndsAreErrors) {
  auto& in = pass_on([](Message& out) { out.write_u32(7); });
  EXPECT_EQ(in.read_text().error().kind, Kind::Invalid);
  EXPECT_EQ(in.read_bytes().error().kind, Kind::Invalid);
  EXPECT_EQ(in.read_dictionary().error().kind, Kind::Invalid);
  EXPECT_EQ(*in.read_u32(), 7u); // still there
  EXPECT_EQ(in.read_u32().error().kind, Kind::Invalid);
}

TEST_F(MessageTest, LimitsHold) {
  auto fill = [](Message& out) {
    std::vector<std::string> texts(5, "t");
    out.write_text("12345").write_bytes("12345").write_texts(texts);
  };
  auto& in = pass_on(fill);
  EXPECT_EQ(in.read_text(4).error().kind, Kind::Invalid);
  EXPECT_EQ(in.read_bytes(4).error().kind, Kind::Invalid);
  EXPECT_EQ(in.read_texts(4).error().kind, Kind::Invalid);
  auto& again = pass_on(fill);
  EXPECT_TRUE(again.read_text(5));
  EXPECT_TRUE(again.read_bytes(5));
  EXPECT_TRUE(again.read_texts(5));
}

TEST_F(MessageTest, AKeyTwiceIsMalformed) {
  auto& in = pass_on([](Message& out) {
    out.write_inside('a', "{sv}", [&] {
      for (int i = 0; i < 2; ++i)
        out.write_inside('e', "sv", [&] { out.write_text("expires").write_value(std::uint64_t{1}); });
    });
  });
  EXPECT_EQ(in.read_dictionary().error().kind, Kind::Invalid);
}

TEST_F(MessageTest, TextThatIsNotUtf8IsNeverSent) {
  EXPECT_EQ(send([](Message& out) { out.write_text("\xc3("); }).error().kind, Kind::Invalid);
  EXPECT_EQ(send([](Message& out) { out.write_text(std::string_view("a\0b", 3)); }).error().kind,
            Kind::Invalid);
  EXPECT_EQ(send([](Message& out) {
              std::vector<std::string> texts{"fine", "\xff"};
              out.write_texts(texts).write_u32(1);
            })
                .error()
                .kind,
            Kind::Invalid);
  EXPECT_FALSE(Message().check());
}

} // namespace
} // namespace alk::bus::test::message_test
