#include "event_verbs.hpp"

#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::alknetctl::events_test {
namespace {

using Came = EventLines::Came;
constexpr std::chrono::milliseconds none{0};
constexpr std::chrono::seconds patience{10};

class EventLinesTest : public testing::Test {
 protected:
  EventLinesTest() : signs(std::move(*StopSigns::make())) {
    open(source, sink);
    lines.emplace(std::move(source), *signs, -1);
  }
  static void open(Fd& read, Fd& write) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  void send(std::string_view text) {
    ASSERT_EQ(::write(sink.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // The next line, or what came instead.
  std::string next(std::chrono::milliseconds time = patience) {
    std::string line;
    auto came = lines->next(line, time);
    if (!came) return "error: " + came.error().what;
    switch (*came) {
    case Came::Line: return line;
    case Came::Nothing: return "(nothing)";
    case Came::End: return "(end)";
    case Came::Stop: return "(stop)";
    }
    return "";
  }

  std::unique_ptr<StopSigns> signs;
  Fd source, sink;
  std::optional<EventLines> lines;
};

TEST_F(EventLinesTest, ComeWholeHoweverTheyAreCut) {
  send("a\nb");
  EXPECT_FALSE(lines->has_line());
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(none), "(nothing)");
  send("c\n\nd\n");
  EXPECT_EQ(next(), "bc");
  EXPECT_TRUE(lines->has_line());
  EXPECT_EQ(next(), "");
  EXPECT_EQ(next(), "d");
  send("half");
  sink.reset();
  EXPECT_EQ(next(), "(end)");
}

TEST_F(EventLinesTest, AreBounded) {
  const std::string chunk(32 * 1024, 'x');
  std::string came;
  for (std::size_t sent = 0; sent <= max_event_line + chunk.size(); sent += chunk.size()) {
    send(chunk);
    came = next(none);
    if (came != "(nothing)") break;
  }
  EXPECT_EQ(came, "error: an event without an end");
}

TEST_F(EventLinesTest, EndWhenSomebodySaysSo) {
  send("a\n");
  ASSERT_EQ(::raise(SIGINT), 0); // noticed, not obeyed at once
  EXPECT_EQ(next(), "(stop)");
  EXPECT_FALSE(signs->pause(patience));
}

TEST_F(EventLinesTest, EndWhenNobodyListensAnyMore) {
  Fd listener_end, listener, other_source, other_sink;
  open(listener_end, listener);
  open(other_source, other_sink);
  EventLines heard(std::move(other_source), *signs, listener.get());
  std::string line;
  EXPECT_EQ(*heard.next(line, none), Came::Nothing);
  listener_end.reset();
  EXPECT_EQ(*heard.next(line, patience), Came::Stop);
}

TEST(StopSigns, LeaveTheSignalsAsTheyWere) {
  struct ::sigaction action {};
  {
    auto signs = StopSigns::make();
    ASSERT_TRUE(signs);
    ::sigaction(SIGINT, nullptr, &action);
    EXPECT_NE(action.sa_handler, SIG_DFL);
    EXPECT_TRUE((*signs)->pause(none));
  }
  ::sigaction(SIGINT, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(EventText, IsALineForPeopleOrForScripts) {
  const std::string node = R"({"stream":"nodes","seq":7,"key":"k\u001b[31m ü","action":"created",)"
                           R"("schema_version":1,"data":{"type":"t"},"time":1700000000})";
  auto text = event_text(node, Format::Text);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->position, 7u);
  EXPECT_FALSE(text->end);
  EXPECT_EQ(text->text.find("7 2023-11-14T22:13:20Z nodes:created k"), 0u) << text->text;
  EXPECT_NE(text->text.find(R"({"type":"t"})"), text->text.npos);
  for (Format format : {Format::Text, Format::Json}) {
    const auto printed = event_text(node, format);
    for (char c : printed->text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << int{c};
  }
  EXPECT_TRUE(event_text(R"({"stream":"","action":"end","seq":9})", Format::Json)->end);
}

TEST(EventText, IsNeverGuessed) {
  for (const char* line : {"", "{", "[]", "7", R"({"stream":"nodes"})", R"({"seq":-1})", R"({"seq":"1"})",
                           R"({"seq":1.5})", R"({"seq":1}{"seq":2})"})
    EXPECT_FALSE(event_text(line, Format::Text)) << line;
  // Members of other types are not there.
  auto odd = event_text(R"({"seq":1,"stream":7,"action":[],"key":{},"time":"now","data":3})", Format::Text);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->text, "1 1970-01-01T00:00:00Z -:- - 3");
}

} // namespace
} // namespace alk::alknetctl::events_test
