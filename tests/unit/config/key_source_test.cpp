#include "config/key_source.hpp"
#include "temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::config::key_source_test {

namespace {

RenewedKeys renewed(const std::string& name, const std::string& path, std::string_view text) {
  RenewedKeys keys;
  keys.emplace(name, RenewedKey{path, SecretBytes(text)});
  return keys;
}

std::string text_of(const KeySource& source, const std::string& name) {
  auto read = source.read(name);
  return read ? std::string(read->view()) : read.error().what;
}

TEST(KeySource, RenewedCredentialsReplaceThoseOfTheStart) {
  test::TempDir dir;
  dir.write("tls.cert", "old");
  dir.write("host_key", "host");
  KeySource start(dir.at(""));
  KeySource once = start.with(renewed("tls.cert", "/etc/cert.pem", "new"));
  EXPECT_EQ(text_of(start, "credential:tls.cert"), "old");
  EXPECT_EQ(text_of(once, "credential:tls.cert"), "new");
  EXPECT_EQ(text_of(once, "credential:host_key"), "host");
  EXPECT_EQ(once.label("credential:tls.cert"), "/etc/cert.pem");
  EXPECT_EQ(once.label("credential:host_key"), "credential:host_key");
  // A path is a path, whatever it is called.
  EXPECT_EQ(text_of(once, dir.at("tls.cert")), "old");
  EXPECT_EQ(once.label("tls.cert"), "tls.cert");
}

TEST(KeySource, WhatWasRenewedOnceStays) {
  test::TempDir dir;
  KeySource twice =
      KeySource(dir.at("")).with(renewed("a", "/a", "first a")).with(renewed("b", "/b", "second b"));
  EXPECT_EQ(text_of(twice, "credential:a"), "first a");
  EXPECT_EQ(text_of(twice, "credential:b"), "second b");
  EXPECT_EQ(text_of(twice.with(renewed("a", "/a", "third a")), "credential:a"), "third a");
}

TEST(KeySource, WhatIsHeldKeepsItsLabels) {
  HeldKeys held;
  held.emplace("credential:a", SecretBytes(std::string_view("held")));
  KeySource source = KeySource("").with(renewed("a", "/a", "renewed"));
  KeySource holding = source.holding(std::make_shared<const HeldKeys>(std::move(held)));
  EXPECT_EQ(text_of(holding, "credential:a"), "held");
  EXPECT_EQ(holding.label("credential:a"), "/a");
}

TEST(KeySource, OpenFilesAreReadWithinLimits) {
  test::TempDir dir;
  auto read = [&dir](const std::string& content) {
    dir.write("file", content);
    Fd file(::open(dir.at("file").c_str(), O_RDONLY | O_CLOEXEC));
    auto bytes = KeySource::read_open(file, "/shown");
    return bytes ? std::string(bytes->view()) : bytes.error().what;
  };
  EXPECT_EQ(read("text"), "text");
  EXPECT_EQ(read(""), "/shown: is empty");
  EXPECT_EQ(read(std::string(KeySource::size_limit, 'x')).size(), KeySource::size_limit);
  EXPECT_EQ(read(std::string(KeySource::size_limit + 1, 'x')), "/shown: larger than 1048576 bytes");
}

TEST(KeySource, WhatCouldBlockIsNotRead) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reading(ends[0]), writing(ends[1]);
  auto bytes = KeySource::read_open(reading, "/shown");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, Kind::Invalid);
  EXPECT_EQ(bytes.error().what, "/shown: not a regular file");
}

} // namespace

} // namespace alk::config::key_source_test
