// What reaches the journal of the audit log, and what several anchors give away.
#include "../bus/pair.hpp"
#include "alknet-stored/anchors.hpp"
#include "alknet-stored/record.hpp"
#include "identity_test_base.hpp"
#include "loop/asio.hpp"

#include <gmock/gmock.h>

namespace alk::stored::anchors_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AnchorsTest : public testing::Test {
 protected:
  AnchorsTest() : store(std::move(*Store::open(loop, std::move(*make_sqlite_engine(directory.path()))))) {}

  void run(const std::function<bool()>& done) { EXPECT_TRUE(bus::test::run_until(loop, done)); }
  void write(const Work& work) {
    bool done = false;
    store->write(Place::system(), work, [&](Result<void> result) {
      EXPECT_TRUE(result);
      done = true;
    });
    run([&] { return done; });
  }
  void change() {
    write([](Transaction& tables) -> Result<void> {
      return record(tables, test_act(), {"accounts:updated", "x", "{}", {"account.changed", {}, {}, {}, {}}});
    });
  }
  void finish(Anchors& anchors) {
    bool done = false;
    anchors.finish([&] { done = true; });
    run([&] { return done; });
  }

  StorageDirectory directory;
  asio::io_context loop;
  std::unique_ptr<Store> store;
  std::vector<std::int64_t> told; // negative: signed
  Anchors::Tell tell = [this](const pubkey::Anchor& head) {
    const auto sequence = static_cast<std::int64_t>(head.sequence);
    told.push_back(head.is_signed() ? -sequence : sequence);
  };
  // What was asked for and has no answer yet.
  struct Wish {
    pubkey::Anchor head;
    std::chrono::milliseconds patience;
    Anchors::Done done;
  };
  std::vector<Wish> wishes;
  Anchors::Sign sign = [this](pubkey::Anchor head, std::chrono::milliseconds patience, Anchors::Done done) {
    wishes.push_back({std::move(head), patience, std::move(done)});
  };
  void give(std::size_t wish) {
    pubkey::Anchor head = wishes[wish].head;
    head.time = 1700000000;
    head.key = std::string(pubkey::anchor_key_size, 'k');
    head.signature = std::string(pubkey::anchor_signature_size, 's');
    wishes[wish].done(head);
  }
  void run_wishes(std::size_t count) {
    run([&] { return wishes.size() >= count; });
  }
};

TEST_F(AnchorsTest, WithASignerTheyComeSigned) {
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.signer(true);
  anchors.start();
  run_wishes(1);
  EXPECT_THAT(told, IsEmpty()); // the signature first
  EXPECT_EQ(wishes[0].patience, signing_patience);
  give(0);
  EXPECT_THAT(told, ElementsAre(-1));
  anchors.signer(true);
  finish(anchors);
  EXPECT_THAT(told, ElementsAre(-1));
}

TEST_F(AnchorsTest, WhatWasUnsignedComesAgainOnceThereIsASigner) {
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.start();
  run([&] { return !told.empty(); });
  anchors.signer(true);
  run_wishes(1);
  give(0);
  EXPECT_THAT(told, ElementsAre(1, -1));
}

TEST_F(AnchorsTest, WhoDoesNotSignIsNotWaitedForAndNotRepeated) {
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.signer(true);
  anchors.start();
  run_wishes(1);
  wishes[0].done(fail(Kind::Gone, "no answer"));
  EXPECT_THAT(told, ElementsAre(1));
  anchors.signer(true); // unlocked once more
  run_wishes(2);
  wishes[1].done(fail(Kind::Denied, "not you"));
  EXPECT_THAT(told, ElementsAre(1));
}

TEST_F(AnchorsTest, TheEndWaitsAMomentForASignature) {
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.signer(true);
  bool ended = false;
  anchors.finish([&] { ended = true; });
  run_wishes(1);
  EXPECT_EQ(wishes[0].patience, last_signing_patience);
  EXPECT_FALSE(ended);
  wishes[0].done(fail(Kind::Gone, "no answer"));
  EXPECT_TRUE(ended);
  EXPECT_THAT(told, ElementsAre(1));
}

TEST_F(AnchorsTest, AnswersInAnotherOrderTellNothingTwice) {
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.signer(true);
  anchors.start();
  run_wishes(1);
  change();
  bool ended = false;
  anchors.finish([&] { ended = true; });
  run_wishes(2);
  give(1);
  give(0);
  EXPECT_TRUE(ended);
  EXPECT_THAT(told, ElementsAre(-2, -1));
  finish(anchors);
  EXPECT_THAT(told, ElementsAre(-2, -1));
}

TEST_F(AnchorsTest, AnAnswerAfterTheEndIsDropped) {
  change();
  {
    Anchors anchors(loop, *store, sign, tell);
    anchors.signer(true);
    anchors.start();
    run_wishes(1);
  }
  give(0);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(AnchorsTest, TheEndIsToldAndNothingTwice) {
  Anchors anchors(loop, *store, sign, tell);
  finish(anchors);
  EXPECT_THAT(told, IsEmpty()); // of an empty log there is nothing to tell
  change();
  finish(anchors);
  finish(anchors);
  EXPECT_THAT(told, ElementsAre(1));
}

TEST_F(AnchorsTest, TheStartTellsWhatIsThere) {
  change();
  change();
  Anchors anchors(loop, *store, sign, tell);
  anchors.start();
  run([&] { return !told.empty(); });
  EXPECT_THAT(told, ElementsAre(2));
}

TEST_F(AnchorsTest, HundredChangesAreToldWithoutATimer) {
  Anchors anchors(loop, *store, sign, tell);
  for (std::int64_t revision = 1; revision < changes_per_anchor; ++revision) {
    change();
    anchors.changed(revision);
  }
  finish(anchors);
  const std::size_t before = told.size(); // the last one, by the end
  EXPECT_EQ(before, 1u);
  Anchors again(loop, *store, sign, tell);
  change();
  again.changed(changes_per_anchor);
  run([&] { return told.size() > before; });
  EXPECT_EQ(told.back(), changes_per_anchor);
}

class SeveralAnchors : public IdentityTest {
 protected:
  AuditAnchor add() {
    return *run([](Transaction& t) { return append_audit(t, test_act(), {"x", {}, {}, {}, {}}); });
  }
  AuditReport verify(std::vector<AuditAnchor> anchors) {
    auto report = run([&](Transaction& t) { return verify_audit(t, anchors); });
    EXPECT_TRUE(report) << report.error().what;
    return report ? *report : AuditReport();
  }
};
ON_EVERY_ENGINE(SeveralAnchors);

TEST_P(SeveralAnchors, AreAllComparedInAnyOrder) {
  const AuditAnchor first = add(), second = add(), third = add();
  AuditReport report = verify({third, first, second, first});
  EXPECT_TRUE(report.intact) << report.problem;
  EXPECT_EQ(report.after_anchor, 0);
  add();
  EXPECT_EQ(verify({second, first}).after_anchor, 2);
  AuditAnchor forged = second;
  forged.hash[0] = forged.hash[0] == 'a' ? 'b' : 'a';
  report = verify({first, forged, third}); // the newest alone would find nothing
  EXPECT_FALSE(report.intact);
  EXPECT_EQ(report.broken_at, 2);
  EXPECT_FALSE(verify({second, forged}).intact);
  EXPECT_THAT(verify({{99, first.hash}}).problem, HasSubstr("ends before"));
}

TEST_P(SeveralAnchors, OfWhatWasPrunedDoNotCount) {
  const AuditAnchor first = add(), second = add(), third = add();
  ASSERT_TRUE(run([&](Transaction& t) { return prune_audit(t, test_act(), second.sequence); }));
  EXPECT_TRUE(verify({first, second, third}).intact);
  EXPECT_EQ(kind_of(run([&](Transaction& t) { return verify_audit(t, {first}); })), Kind::Invalid);
  AuditAnchor forged = second;
  forged.hash[0] = forged.hash[0] == 'a' ? 'b' : 'a';
  EXPECT_THAT(verify({forged, third}).problem, HasSubstr("begins with another hash"));
}

TEST(ParseAnchors, SeveralWithBlanksBetween) {
  const std::string hash(64, 'a');
  EXPECT_TRUE(parse_anchors("")->empty());
  EXPECT_EQ(parse_anchors("1:" + hash + "  2:" + hash)->size(), 2u);
  EXPECT_EQ(parse_anchors("1:" + hash + " 2:xyz").error().kind, Kind::Invalid);
}

} // namespace
} // namespace alk::stored::anchors_test
