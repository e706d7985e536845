// The tables that need no bus: policy, error names, addresses.
#include "bus/blocking.hpp"
#include "bus/caller.hpp"
#include "bus/error_map.hpp"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace alk::bus::tables_test {
namespace {

constexpr PolicyRule rules[] = {{"ForRoot", Who::Root},
                                {"ForListend", Who::Listend},
                                {"ForAdmin", Who::Admin},
                                {"ForReaders", Who::Reader},
                                {"ForGranted", Who::Admin, "org.alknet.Test1.change"},
                                {"ForAnyone", Who::Anyone}};

std::set<std::string> reachable(std::uint32_t uid, const Accounts& accounts) {
  std::set<std::string> members;
  for (const char* member :
       {"ForRoot", "ForListend", "ForAdmin", "ForReaders", "ForGranted", "ForAnyone", "Unlisted"})
    if (allowed(rules, member, uid, accounts)) members.insert(member);
  return members;
}

TEST(Policy, EachCallerReachesItsOwn) {
  Accounts accounts{100, 101, [](std::uint32_t uid) { return uid == 102; }, 0, 104};
  std::set<std::string> everything{"ForRoot",    "ForListend", "ForAdmin",
                                   "ForReaders", "ForGranted", "ForAnyone"};
  EXPECT_EQ(reachable(0, accounts), everything);
  EXPECT_EQ(reachable(100, accounts), everything);
  EXPECT_EQ(reachable(101, accounts), (std::set<std::string>{"ForListend", "ForReaders", "ForAnyone"}));
  EXPECT_EQ(reachable(102, accounts),
            (std::set<std::string>{"ForAdmin", "ForReaders", "ForGranted", "ForAnyone"}));
  EXPECT_EQ(reachable(103, accounts), (std::set<std::string>{"ForAnyone"}));
  EXPECT_EQ(reachable(104, accounts), (std::set<std::string>{"ForReaders", "ForAnyone"}));
}

TEST(Policy, PolkitIsAskedAboutAdministratorsAlone) {
  Accounts accounts{100, 101, [](std::uint32_t uid) { return uid == 102; }};
  EXPECT_STREQ(action_to_grant(rules, "ForGranted", 102, accounts), "org.alknet.Test1.change");
  EXPECT_EQ(action_to_grant(rules, "ForAdmin", 102, accounts), nullptr);
  EXPECT_EQ(action_to_grant(rules, "ForGranted", 0, accounts), nullptr);
  EXPECT_EQ(action_to_grant(rules, "ForGranted", 100, accounts), nullptr);
}

TEST(Policy, AnEmptyTableDeniesRootToo) {
  EXPECT_FALSE(allowed({}, "ForRoot", 0, Accounts{}));
}

TEST(Policy, AMissingUserIsNobody) {
  Accounts accounts{100, std::nullopt, nullptr};
  EXPECT_FALSE(allowed(rules, "ForListend", 101, accounts));
  EXPECT_FALSE(allowed(rules, "ForAdmin", 101, accounts));
}

TEST(Policy, ThisMachineIsRead) {
  auto accounts = Accounts::of_this_machine();
  EXPECT_EQ(accounts.own_uid, ::geteuid());
  EXPECT_FALSE(accounts.is_admin(0xfffffffe)); // nobody has that id
}

TEST(ErrorMap, NamesAndKindsAreOneToOne) {
  std::set<std::string_view> names;
  for (const auto& entry : error_names()) {
    names.insert(entry.name);
    EXPECT_EQ(error_from_bus(entry.name, "text").kind, entry.kind);
    EXPECT_EQ(error_name(entry.kind), entry.name);
    EXPECT_TRUE(entry.name.starts_with(error_prefix));
  }
  EXPECT_EQ(names.size(), error_names().size());
  EXPECT_EQ(names.size(), 9u);
}

TEST(ErrorMap, NamesOfTheBus) {
  EXPECT_EQ(error_from_bus("org.freedesktop.DBus.Error.ServiceUnknown", "").kind, Kind::Gone);
  EXPECT_EQ(error_from_bus("org.freedesktop.DBus.Error.AccessDenied", "").kind, Kind::Denied);
  auto unknown = error_from_bus("com.example.Odd", "why");
  EXPECT_EQ(unknown.kind, Kind::Broken);
  EXPECT_EQ(unknown.what, "com.example.Odd: why");
}

TEST(ErrorMap, InternalTextStaysHere) {
  EXPECT_EQ(error_text({Kind::Broken, "/secret/path: EIO", {}, {}}).find("secret"), std::string::npos);
  EXPECT_EQ(error_text({Kind::Invalid, "alknet.toml:3: limits.x: no", {}, {"loading"}}),
            "alknet.toml:3: limits.x: no");
  EXPECT_EQ(error_text({Kind::Invalid, "bad \xff", {}, {}}), "bad\\x20\\xff");
}

TEST(Address, ExplicitThenOursThenTheSystems) {
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/system", 1);
  EXPECT_EQ(choose_address({}), "unix:path=/system");
  ::setenv("ALKNET_BUS_ADDRESS", "unix:path=/ours", 1);
  EXPECT_EQ(choose_address({}), "unix:path=/ours");
  EXPECT_EQ(choose_address("unix:path=/explicit"), "unix:path=/explicit");
  ::unsetenv("ALKNET_BUS_ADDRESS");
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  EXPECT_EQ(choose_address({}), "");
}

TEST(Address, AnotherIncarnationHasAnotherGuid) {
  EXPECT_EQ(any_incarnation("unix:path=/a,guid=0123"), "unix:path=/a");
  EXPECT_EQ(any_incarnation("unix:guid=0123,path=/a;tcp:host=h,port=1"), "unix:path=/a;tcp:host=h,port=1");
  EXPECT_EQ(any_incarnation("unix:path=/a"), "unix:path=/a");
  EXPECT_EQ(any_incarnation(""), "");
}

TEST(Address, NoBusIsGone) {
  EXPECT_EQ(open_bus("unix:path=/nonexistent/bus").error().kind, Kind::Gone);
  EXPECT_EQ(BlockingConnection::open("unix:path=/nonexistent/bus").error().kind, Kind::Gone);
}

} // namespace
} // namespace alk::bus::tables_test
