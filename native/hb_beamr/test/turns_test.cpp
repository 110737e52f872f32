// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "turns.hpp"

#include <gtest/gtest.h>

namespace hb::beamr::driver::test {

namespace {

constexpr Pid kAda{1};
constexpr Pid kBob{2};
constexpr Pid kEve{3};

TEST(Turns, TheFirstClaimIsGrantedAndTheSameProcessNests) {
  Turns turns;
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  EXPECT_EQ(turns.claim(kAda), Grant::kNested);
  EXPECT_EQ(turns.claim(kBob), Grant::kNone);
  EXPECT_TRUE(turns.is_active(kAda));
  EXPECT_FALSE(turns.is_active(kBob));
}

TEST(Turns, TheTurnIsReservedInTheOrderOfTheQueue) {
  Turns turns;
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  turns.enqueue(kBob);
  turns.enqueue(kEve);
  turns.release();
  EXPECT_EQ(turns.hand_over(), kBob);
  EXPECT_FALSE(turns.is_active());
  EXPECT_EQ(turns.claim(kEve), Grant::kNone);
  EXPECT_EQ(turns.claim(kAda), Grant::kNone);
  EXPECT_EQ(turns.claim(kBob), Grant::kReserved);
  turns.release();
  EXPECT_EQ(turns.hand_over(), kEve);
}

TEST(Turns, AProcessHasOnePlace) {
  Turns turns;
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  turns.enqueue(kBob);
  turns.enqueue(kBob);
  turns.release();
  EXPECT_EQ(turns.hand_over(), kBob);
  EXPECT_FALSE(turns.has_queue());
}

TEST(Turns, NobodyWaitingLeavesTheTurnFree) {
  Turns turns;
  EXPECT_EQ(turns.hand_over(), Pid::kNobody);
  EXPECT_TRUE(turns.is_free());
}

TEST(Turns, ForgettingTakesPlacesAndReservationsButNoCall) {
  Turns turns;
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  turns.enqueue(kBob);
  turns.enqueue(kEve);
  turns.forget(kAda);
  EXPECT_TRUE(turns.is_active(kAda));
  turns.forget(kBob);
  turns.release();
  EXPECT_EQ(turns.hand_over(), kEve);
  turns.forget(kEve);
  EXPECT_TRUE(turns.is_free());
}

TEST(Turns, ADeadOwnerKeepsTheTurnUntilItsCallIsReleased) {
  Turns turns;
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  turns.mark_dead();
  EXPECT_TRUE(turns.is_active());
  EXPECT_FALSE(turns.is_active(kAda));
  EXPECT_EQ(turns.claim(kBob), Grant::kNone);
  EXPECT_EQ(turns.claim(kAda), Grant::kNone);
  turns.release();
  EXPECT_EQ(turns.claim(kBob), Grant::kFirst);
}

}  // namespace

}  // namespace hb::beamr::driver::test
