#include "alknet-stored/faults.hpp"
#include "alknet-stored/sql/fault.hpp"
#include "log/log.hpp"

#include <gmock/gmock.h>

namespace alk::stored::faults_test {
namespace {

using namespace std::chrono_literals;

constexpr const char* organisation = "123e4567-e89b-42d3-a456-426614174000";

struct FaultsTest : testing::Test {
  FaultsTest() { log::open("test", log::Level::Info, log::Sink::Stderr); }

  std::string said(const Place& place, Failure failure) {
    testing::internal::CaptureStderr();
    faults.note(place, failure.value(), now);
    return testing::internal::GetCapturedStderr();
  }

  Faults faults;
  log::Complaints::Clock::time_point now{1h};
  const Failure full = fail(Kind::Busy, std::string(storage_full));
  const Failure broken = fail(Kind::Broken, std::string(damaged) + ": page 7");
};

TEST_F(FaultsTest, AFullDiskIsSaidOnceAMinute) {
  EXPECT_EQ(said(Place::system(), full), "WARN storage full database=system\n");
  EXPECT_EQ(said(Place::system(), full), "");
  EXPECT_EQ(said(*Place::tenant(organisation), full),
            std::string("WARN storage full database=") + organisation + "\n");
  now += 60s;
  EXPECT_EQ(said(Place::system(), full), "WARN storage full database=system\n");
}

TEST_F(FaultsTest, DamageIsAnError) {
  EXPECT_EQ(said(Place::system(), full), "WARN storage full database=system\n");
  EXPECT_EQ(said(Place::system(), broken), "ERROR storage damaged database=system\n");
  EXPECT_EQ(said(Place::system(), broken), "");
}

TEST_F(FaultsTest, OtherErrorsAreTheCallers) {
  EXPECT_EQ(said(Place::system(), fail(Kind::Busy, "another writer is at work")), "");
  EXPECT_EQ(said(Place::system(), fail(Kind::Broken, "no such table")), "");
  EXPECT_EQ(said(Place::system(), fail(Kind::Conflict, "storage full")), "");
}

} // namespace
} // namespace alk::stored::faults_test
