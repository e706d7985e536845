#include "advice.hpp"

#include <gmock/gmock.h>

namespace alk::alknetctl::advice_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t now = 1'800'000'000; // 15 January 2027
constexpr std::uint64_t day = 86400;

struct AdviceTest : testing::Test {
  clients::ListenStatus status;
  Result<AuthInfo> auth = AuthInfo{1, "digest", 1, 0, {}};
  Place place;
  AdviceTest() { status.config_digest = "digest"; }
  std::vector<Advice> advice() { return advise(status, auth, place, now); }
};

auto says(const char* problem, const char* command) {
  return AllOf(Field(&Advice::problem, HasSubstr(problem)), Field(&Advice::command, command));
}

TEST_F(AdviceTest, NothingIsMissing) {
  status.listeners = {{"tls", "tls", "[::]:443", true}};
  status.certificates = {{"tls", now + renewal_days * day, false}};
  EXPECT_THAT(advice(), IsEmpty());
}

TEST_F(AdviceTest, ACertificateAuthorityIsAWayIn) {
  auth->keys = 0;
  EXPECT_THAT(advice(), ElementsAre(says("no keys", "alknetctl keys add ~/.ssh/id_ed25519.pub")));
  auth->certificate_authorities = 1;
  EXPECT_THAT(advice(), IsEmpty());
}

TEST_F(AdviceTest, AccountsAreAWayIn) {
  auth->keys = 0;
  auth->accounts = "on";
  EXPECT_THAT(advice(), IsEmpty());
  auth->accounts = "unavailable";
  EXPECT_THAT(advice(), ElementsAre(says("alknet-stored did not answer", "systemctl status alknet-stored")));
}

TEST_F(AdviceTest, Authd) {
  auth = fail(Kind::Denied, "not you"); // an administrator whom it does not answer: nothing is known
  EXPECT_THAT(advice(), IsEmpty());
  auth = fail(Kind::Gone, "away");
  EXPECT_THAT(advice(), ElementsAre(says("alknet-authd does not run", "systemctl restart alknet-authd")));
  auth = AuthInfo{1, "another", 1, 0, {}};
  EXPECT_THAT(advice(), ElementsAre(says("another configuration", "systemctl reload alknet-listend")));
}

TEST_F(AdviceTest, WhatWaitsForTheSecrets) {
  status.lacking = {"there is no host key: alknet-secretd is locked"};
  EXPECT_THAT(advice(), ElementsAre(says("alknet-secretd is locked", "alknetctl secret unlock")));
  status.lacking = {"there is no password for the proxy (credential of-it): there is no such credential"};
  EXPECT_THAT(advice(), ElementsAre(says("no such credential", "alknetctl credential add of-it")));
}

TEST_F(AdviceTest, CertificatesThatEnd) {
  status.certificates = {{"tls", now + renewal_days * day - 1, false}};
  EXPECT_THAT(advice(),
              ElementsAre(says("tls: until 2027-01-29, 13 days", "systemctl reload alknet-listend")));
  status.certificates = {{"tls", now - 3 * day, true}};
  EXPECT_THAT(advice(),
              ElementsAre(says("expired on 2027-01-12, 3 days ago", "systemctl reload alknet-listend"),
                          says("self-signed", "systemctl reload alknet-listend")));
  place.bus_address = "unix:path=/a b";
  EXPECT_EQ(advice()[0].command, "alknetctl --bus-address 'unix:path=/a b' reload");
}

TEST_F(AdviceTest, ListenersWithoutASocket) {
  status.listeners = {{"tls", "tls", "", false}, {"ssh", "tcp", "", false}, {"other", "tcp", "", false}};
  EXPECT_THAT(advice(),
              ElementsAre(says("listener tls", "systemctl enable --now alknet-listend.socket && "
                                               "systemctl restart alknet-listend"),
                          says("listener ssh", "systemctl enable --now alknet-listend-ssh.socket && "
                                               "systemctl restart alknet-listend"),
                          says("FileDescriptorName=other", "")));
  place.state = "/srv"; // there the command line of `alknet serve` decides
  EXPECT_THAT(advice(), IsEmpty());
}

TEST_F(AdviceTest, Absence) {
  EXPECT_THAT(advise_absence(place), ElementsAre(says("", "systemctl enable --now alknet-listend")));
  EXPECT_THAT(advise_absence({"it's", ""}), ElementsAre(says("", "alknet serve --state 'it'\\''s'")));
  EXPECT_THAT(advise_absence({"", "unix:path=/x"}), ElementsAre(says("", "")));
}

} // namespace
} // namespace alk::alknetctl::advice_test
