#include "base/fd.hpp"
#include "clients/sealed_box.hpp"
#include "secret.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::alknetctl::secret_test {
namespace {

TEST(Secret, ASiteIsANumber) {
  EXPECT_EQ(site_path("example.com"), "m/74'/1'/0'/595175158'");
  EXPECT_NE(site_path("example.org"), site_path("example.com"));
}

// The reading end of a pipe that holds the text and nothing more.
Fd holding(std::string_view text) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  Fd from(ends[0]), to(ends[1]);
  EXPECT_EQ(::write(to.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return from;
}

TEST(SecretInput, ADescriptorGivesOneLineForEachQuestion) {
  Fd from = holding("a b c\n\nthird");
  SecretInput input({from.get(), false});
  EXPECT_EQ(input.line("Mnemonic")->view(), "a b c");
  EXPECT_EQ(input.line("Passphrase")->view(), "");
  EXPECT_EQ(input.line("More")->view(), "third");
  EXPECT_EQ(input.line("And more")->view(), "");
}

TEST(SecretInput, ATextIsAllOfIt) {
  Fd from = holding("two\nlines\n");
  SecretInput input({from.get(), false});
  EXPECT_EQ(input.text("Secret")->view(), "two\nlines\n");
}

TEST(SecretInput, HasABound) {
  Fd from = holding(std::string(max_secret_input, 'x')); // as much as a pipe holds
  SecretInput input({from.get(), false});
  EXPECT_EQ(input.text("Secret").error().kind, Kind::Invalid);
}

TEST(SealedBox, OpensForItsKeyAlone) {
  const clients::OneTimeKey mine, other;
  auto box = clients::seal_to(mine.public_key(), "secret");
  ASSERT_TRUE(box);
  EXPECT_EQ(box->find("secret"), std::string::npos);
  EXPECT_EQ(mine.open(*box)->view(), "secret");
  EXPECT_FALSE(other.open(*box));
  EXPECT_FALSE(mine.open(box->substr(1)));
  EXPECT_FALSE(mine.open("short"));
  EXPECT_FALSE(clients::seal_to("no key", "secret"));
}

TEST(SealedBox, RequestsHaveOneSize) {
  EXPECT_EQ(clients::unlock_request("a", "").size(),
            clients::unlock_request(std::string(900, 'a'), "b").size());
  const SecretBytes request = clients::unlock_request("ab", "c");
  EXPECT_EQ(request.view().substr(0, 12), std::string_view("\0\0\0\2ab\0\0\0\1c\0", 12));
}

} // namespace
} // namespace alk::alknetctl::secret_test
