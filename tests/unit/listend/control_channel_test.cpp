// A control socket with both ends on one loop; the bundle that it carries.
#include "base/memory_file.hpp"
#include "control/bundle.hpp"
#include "control/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alk::listend::control_channel_test {

namespace {

class Channel : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = make_control_pair();
    ASSERT_TRUE(pair);
    near_ = std::make_unique<ControlChannel>(loop_, std::move(pair->supervisor));
    far_ = std::make_unique<ControlChannel>(loop_, std::move(pair->engine));
    far_->open(
        [this](ControlMessage message, std::vector<Fd> descriptors) {
          got_.push_back(std::move(message));
          for (Fd& fd : descriptors) descriptors_.push_back(std::move(fd));
          if (drop_in_handler_) far_.reset();
        },
        [this] { ++closed_; });
  }
  void settle() {
    loop_.restart();
    loop_.poll();
  }

  asio::io_context loop_;
  std::unique_ptr<ControlChannel> near_, far_;
  std::vector<ControlMessage> got_;
  std::vector<Fd> descriptors_;
  int closed_ = 0;
  bool drop_in_handler_ = false;
};

TEST_F(Channel, DeliversInOrder) {
  for (std::uint64_t i = 1; i <= 200; ++i)
    ASSERT_TRUE(near_->send(make_control(ControlKind::Beat, std::to_string(i), i)));
  settle();
  ASSERT_EQ(got_.size(), 200U);
  for (std::uint64_t i = 1; i <= 200; ++i) EXPECT_EQ(got_[i - 1].body, std::to_string(i));
}

TEST_F(Channel, TakesDescriptorsAlongAndLargeBodiesInMemory) {
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int all[] = {null.get(), null.get()};
  std::string large(inline_body_limit + 1, 'x');
  large.back() = 'y';
  ASSERT_TRUE(near_->send(make_control(ControlKind::Start, large, 3), all));
  settle();
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].body, large);
  ASSERT_EQ(descriptors_.size(), 2U);
  for (const Fd& fd : descriptors_) EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(Channel, SaysOnceThatTheOtherSideIsGoneAfterItsLastMessage) {
  ASSERT_TRUE(near_->send(make_control(ControlKind::Stop)));
  EXPECT_FALSE(far_->hung_up());
  near_.reset();
  EXPECT_TRUE(far_->hung_up());
  settle();
  EXPECT_EQ(got_.size(), 1U);
  EXPECT_EQ(closed_, 1);
  auto sent = far_->send(make_control(ControlKind::Beat));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, Kind::Gone);
}

TEST_F(Channel, NeverBlocksOnWhoDoesNotRead) {
  Result<void> sent;
  int count = 0;
  while (sent && ++count < 10'000)
    sent = near_->send(make_control(ControlKind::Beat, std::string(1024, 'x')));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, Kind::Busy);
}

TEST_F(Channel, MayBeDroppedByItsOwnHandler) {
  drop_in_handler_ = true;
  ASSERT_TRUE(near_->send(make_control(ControlKind::Beat)));
  ASSERT_TRUE(near_->send(make_control(ControlKind::Beat)));
  settle();
  EXPECT_EQ(got_.size(), 1U);
}

TEST_F(Channel, DropsWhatItCannotRead) {
  ASSERT_EQ(::send(near_->descriptor(), "\x02garbage-garbage", 16, 0), 16);
  std::string huge(inline_body_limit + 1000, '\x01');
  ASSERT_EQ(::send(near_->descriptor(), huge.data(), huge.size(), 0), static_cast<ssize_t>(huge.size()));
  std::string bodyless = encode_frame(make_control(ControlKind::Prepare), true);
  ASSERT_EQ(::send(near_->descriptor(), bodyless.data(), bodyless.size(), 0),
            static_cast<ssize_t>(bodyless.size()));
  ASSERT_TRUE(near_->send(make_control(ControlKind::Commit)));
  settle();
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_TRUE(got_[0].is(ControlKind::Commit));
}

TEST(Bundle, CarriesFilesAndKeys) {
  Bundle bundle;
  bundle.sources = {{"/etc/alknet/alknet.toml", "alknet.toml", "[auth]\n"},
                    {"/x.d/1.toml", "x.d/1.toml", ""}};
  bundle.keys.emplace("credential:host_key", SecretBytes(std::string_view("secret")));
  bundle.keys.emplace("/tls/key.pem", SecretBytes(std::string_view("\0pem", 4)));
  auto memory = pack(bundle);
  ASSERT_TRUE(memory);
  for (int twice = 0; twice < 2; ++twice) { // reading moves no position that somebody else shares
    auto read = unpack(*memory);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->sources.size(), 2U);
    EXPECT_EQ(read->sources[0].text, "[auth]\n");
    EXPECT_EQ(read->sources[1].path, "/x.d/1.toml");
    EXPECT_EQ(read->keys.at("credential:host_key").view(), "secret");
    EXPECT_EQ(read->keys.at("/tls/key.pem").size(), 4U);
  }
  const std::string_view cut[] = {std::string_view("\0\0\0\1\0\0", 6)};
  EXPECT_FALSE(unpack(*seal_in_memory(cut)));
}

} // namespace
} // namespace alk::listend::control_channel_test
