#include "supervision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::alknet::supervision_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;
using What = Action::What;

// 0 = bus, 1 = authd, 2 = listend
class SupervisionTest : public testing::Test {
 protected:
  void start() {
    supervision_.begin();
    for (std::size_t child : {0, 1, 2}) supervision_.ready(child);
  }
  // A death that is followed by a restart, up to and including it.
  Actions dies_and_returns(std::size_t child, std::chrono::milliseconds time) {
    EXPECT_THAT(supervision_.exited(child, "killed", at(time)), ElementsAre(Action{What::Rest, child}));
    Actions actions = supervision_.overdue(child);
    supervision_.ready(child);
    return actions;
  }
  Clock::time_point at(std::chrono::milliseconds time) const { return Clock::time_point(1h) + time; }
  Supervision supervision_{{"bus", "authd", "listend"}};
};

TEST_F(SupervisionTest, BusFirstThenTheOthersThenOneAnnouncement) {
  EXPECT_THAT(supervision_.begin(), ElementsAre(Action{What::Start, 0}));
  EXPECT_THAT(supervision_.ready(0),
              ElementsAre(Action{What::Ready, 0}, Action{What::Start, 1}, Action{What::Start, 2}));
  EXPECT_THAT(supervision_.ready(2), ElementsAre(Action{What::Ready, 2}));
  EXPECT_THAT(supervision_.ready(1), ElementsAre(Action{What::Ready, 1}, Action{What::Announce, 0}));
  EXPECT_THAT(supervision_.ready(1), IsEmpty()); // said twice
}

TEST_F(SupervisionTest, RestartsADeadChildAndAnnouncesNothingAgain) {
  start();
  EXPECT_THAT(supervision_.exited(1, "killed", at(0s)), ElementsAre(Action{What::Rest, 1}));
  EXPECT_THAT(supervision_.overdue(1), ElementsAre(Action{What::Start, 1}));
  EXPECT_THAT(supervision_.ready(1), ElementsAre(Action{What::Ready, 1}));
  EXPECT_FALSE(supervision_.stopping());
}

TEST_F(SupervisionTest, DyingAgainWithinTheWindowEndsEverythingWithTheReason) {
  start();
  dies_and_returns(1, 0s);
  EXPECT_THAT(supervision_.exited(1, "exit status 3", at(9999ms)), ElementsAre(Action{What::Terminate, 2}));
  ASSERT_TRUE(supervision_.failure());
  EXPECT_THAT(*supervision_.failure(), HasSubstr("authd ended twice within 10 s: exit status 3"));
  EXPECT_THAT(supervision_.exited(2, "", at(10s)), ElementsAre(Action{What::Terminate, 0}));
  EXPECT_THAT(supervision_.exited(0, "", at(11s)), ElementsAre(Action{What::Finish, 0}));
}

TEST_F(SupervisionTest, DyingAgainAfterTheWindowIsANewStory) {
  start();
  for (auto time : {0s, 10s, 20s, 30s})
    EXPECT_THAT(dies_and_returns(1, time), ElementsAre(Action{What::Start, 1}));
  EXPECT_THAT(supervision_.exited(1, "killed", at(39s)), ElementsAre(Action{What::Terminate, 2}));
}

TEST_F(SupervisionTest, TheWindowIsPerChild) {
  start();
  dies_and_returns(1, 0s);
  EXPECT_THAT(dies_and_returns(2, 1s), ElementsAre(Action{What::Start, 2}));
  EXPECT_FALSE(supervision_.stopping());
}

TEST_F(SupervisionTest, WithoutTheBusTheOthersWait) {
  start();
  EXPECT_THAT(supervision_.exited(2, "bus lost", at(0s)), ElementsAre(Action{What::Rest, 2}));
  EXPECT_THAT(supervision_.exited(0, "killed", at(0s)), ElementsAre(Action{What::Rest, 0}));
  EXPECT_THAT(supervision_.exited(1, "bus lost", at(0s)), ElementsAre(Action{What::Rest, 1}));
  EXPECT_THAT(supervision_.overdue(2), IsEmpty());
  EXPECT_THAT(supervision_.overdue(0), ElementsAre(Action{What::Start, 0}));
  EXPECT_THAT(supervision_.ready(0), ElementsAre(Action{What::Ready, 0}, Action{What::Start, 2}));
  EXPECT_THAT(supervision_.overdue(1), ElementsAre(Action{What::Start, 1}));
}

TEST_F(SupervisionTest, DeathsThatTheBusCausedAreNotCounted) {
  start();
  // authd notices first, is started against a bus that is already gone, and dies again.
  supervision_.exited(1, "bus lost", at(0ms));
  EXPECT_THAT(supervision_.overdue(1), ElementsAre(Action{What::Start, 1}));
  supervision_.exited(0, "killed", at(101ms));
  EXPECT_THAT(supervision_.exited(1, "no bus", at(102ms)), ElementsAre(Action{What::Rest, 1}));
  EXPECT_THAT(supervision_.exited(2, "bus lost", at(103ms)), ElementsAre(Action{What::Rest, 2}));
  for (std::size_t child : {0, 1, 2}) supervision_.overdue(child);
  for (std::size_t child : {0, 1, 2}) supervision_.ready(child);
  // Forgiveness is for one death.
  EXPECT_THAT(dies_and_returns(1, 1s), ElementsAre(Action{What::Start, 1}));
  EXPECT_THAT(supervision_.exited(1, "killed", at(2s)), ElementsAre(Action{What::Terminate, 2}));
}

TEST_F(SupervisionTest, TheBusItselfIsNotForgiven) {
  start();
  dies_and_returns(0, 0s);
  supervision_.exited(0, "killed", at(1s));
  EXPECT_THAT(*supervision_.failure(), HasSubstr("bus ended twice"));
}

TEST_F(SupervisionTest, StopsDuringARest) {
  start();
  supervision_.exited(2, "killed", at(0s));
  EXPECT_THAT(supervision_.stop(), ElementsAre(Action{What::Terminate, 1}));
  EXPECT_THAT(supervision_.overdue(2), IsEmpty());
  EXPECT_THAT(supervision_.exited(1, "", at(0s)), ElementsAre(Action{What::Terminate, 0}));
  EXPECT_THAT(supervision_.exited(0, "", at(0s)), ElementsAre(Action{What::Finish, 0}));
}

TEST_F(SupervisionTest, AChildThatNeverWorkedIsNotTriedAgain) {
  supervision_.begin();
  supervision_.ready(0);
  EXPECT_THAT(supervision_.exited(2, "alknet.toml:3: x", at(0s)), ElementsAre(Action{What::Terminate, 1}));
  EXPECT_EQ(supervision_.failure(), "listend did not start: alknet.toml:3: x");
}

TEST_F(SupervisionTest, AChildThatIsNotReadyInTimeIsKilledAndEndsEverything) {
  supervision_.begin();
  supervision_.ready(0);
  supervision_.ready(2);
  EXPECT_THAT(supervision_.overdue(1), ElementsAre(Action{What::Kill, 1}, Action{What::Terminate, 2}));
  EXPECT_THAT(*supervision_.failure(), HasSubstr("authd was not ready within 30 s"));
  EXPECT_THAT(supervision_.exited(1, "killed", at(0s)), IsEmpty()); // listend is still stopping
  EXPECT_THAT(supervision_.exited(2, "", at(0s)), ElementsAre(Action{What::Terminate, 0}));
}

TEST_F(SupervisionTest, ATimerOfAReadyChildMeansNothing) {
  start();
  EXPECT_THAT(supervision_.overdue(1), IsEmpty());
}

TEST_F(SupervisionTest, StopsInReverseOneByOneAndForgivesNobodyWhoIsLate) {
  start();
  EXPECT_THAT(supervision_.stop(), ElementsAre(Action{What::Terminate, 2}));
  EXPECT_THAT(supervision_.stop(), IsEmpty());
  EXPECT_THAT(supervision_.overdue(2), ElementsAre(Action{What::Kill, 2}));
  EXPECT_THAT(supervision_.exited(2, "", at(0s)), ElementsAre(Action{What::Terminate, 1}));
  EXPECT_THAT(supervision_.exited(1, "", at(0s)), ElementsAre(Action{What::Terminate, 0}));
  EXPECT_THAT(supervision_.exited(0, "", at(0s)), ElementsAre(Action{What::Finish, 0}));
  EXPECT_FALSE(supervision_.failure());
}

TEST_F(SupervisionTest, StopBeforeEverythingStartedAndDeathsOutOfTurn) {
  supervision_.begin();
  EXPECT_THAT(supervision_.stop(), ElementsAre(Action{What::Terminate, 0}));
  EXPECT_THAT(supervision_.ready(0), IsEmpty()); // too late: nothing starts any more
  EXPECT_THAT(supervision_.exited(0, "", at(0s)), ElementsAre(Action{What::Finish, 0}));

  Supervision all({"bus", "authd", "listend"});
  all.begin();
  for (std::size_t child : {0, 1, 2}) all.ready(child);
  all.stop();
  EXPECT_THAT(all.exited(1, "", at(0s)), IsEmpty());
  EXPECT_THAT(all.exited(2, "", at(0s)), ElementsAre(Action{What::Terminate, 0}));
}

TEST_F(SupervisionTest, TheFirstReasonIsKept) {
  start();
  supervision_.fail("one");
  supervision_.fail("two");
  EXPECT_EQ(supervision_.failure(), "one");
}

} // namespace alk::alknet::supervision_test
