#include "control/pulse.hpp"

#include <gtest/gtest.h>

namespace alk::listend::pulse_test {

TEST(Pulse, AsksAgainOnlyWhenAllHaveAnswered) {
  std::function<void()> back;
  int rounds = 0;
  Pulse pulse([&](std::function<void()> answer) {
    ++rounds;
    back = std::move(answer);
  });
  EXPECT_TRUE(pulse.turns());
  EXPECT_TRUE(pulse.turns());
  EXPECT_EQ(rounds, 1);
  back();
  EXPECT_TRUE(pulse.turns());
  EXPECT_EQ(rounds, 2);
}

TEST(Pulse, ALoopThatDoesNotTurnIsNoticedAndForgivenWhenItComesBack) {
  std::function<void()> back;
  Pulse pulse([&](std::function<void()> answer) { back = std::move(answer); });
  for (unsigned beat = 0; beat <= most_late_beats; ++beat) EXPECT_TRUE(pulse.turns()) << beat;
  EXPECT_FALSE(pulse.turns());
  EXPECT_FALSE(pulse.turns());
  back();
  for (unsigned beat = 0; beat <= most_late_beats; ++beat) EXPECT_TRUE(pulse.turns()) << beat;
  EXPECT_FALSE(pulse.turns());
}

TEST(Pulse, ARoundMayOutliveIt) {
  std::function<void()> back;
  {
    Pulse([&](std::function<void()> answer) { back = std::move(answer); }).turns();
  }
  back();
}

} // namespace alk::listend::pulse_test
