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
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  EXPECT_EQ(turns.claim(kAda), Grant::kNested);
  EXPECT_EQ(turns.claim(kBob), Grant::kNone);
  EXPECT_TRUE(turns.is_active(kAda));
  EXPECT_FALSE(turns.is_active(kBob));
}

TEST(Turns, TheTurnIsReservedInTheOrderOfTheQueue) {
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  EXPECT_TRUE(turns.enqueue(kBob));
  EXPECT_TRUE(turns.enqueue(kEve));
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
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  EXPECT_TRUE(turns.enqueue(kBob));
  EXPECT_TRUE(turns.enqueue(kBob));
  turns.release();
  EXPECT_EQ(turns.hand_over(), kBob);
  EXPECT_FALSE(turns.has_queue());
}

TEST(Turns, NobodyWaitingLeavesTheTurnFree) {
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.hand_over(), Pid::kNobody);
  EXPECT_TRUE(turns.is_free());
}

TEST(Turns, ForgettingTakesPlacesAndReservationsButNoCall) {
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  EXPECT_TRUE(turns.enqueue(kBob));
  EXPECT_TRUE(turns.enqueue(kEve));
  turns.forget(kAda);
  EXPECT_TRUE(turns.is_active(kAda));
  turns.forget(kBob);
  turns.release();
  EXPECT_EQ(turns.hand_over(), kEve);
  turns.forget(kEve);
  EXPECT_TRUE(turns.is_free());
}

TEST(Turns, ADeadOwnerKeepsTheTurnUntilItsCallIsReleased) {
  Quota places;
  Turns turns(places);
  EXPECT_EQ(turns.claim(kAda), Grant::kFirst);
  turns.mark_dead();
  EXPECT_TRUE(turns.is_active());
  EXPECT_FALSE(turns.is_active(kAda));
  EXPECT_EQ(turns.claim(kBob), Grant::kNone);
  EXPECT_EQ(turns.claim(kAda), Grant::kNone);
  turns.release();
  EXPECT_EQ(turns.claim(kBob), Grant::kFirst);
}

TEST(Turns, PlacesAreOfAllQueuesTogether) {
  Quota places;
  places.set_limit(2);
  Turns first(places);
  {
    Turns second(places);
    EXPECT_TRUE(first.enqueue(kAda));
    EXPECT_TRUE(second.enqueue(kBob));
    EXPECT_FALSE(first.enqueue(kEve));
    EXPECT_TRUE(first.enqueue(kAda)) << "it has one";
    EXPECT_EQ(first.hand_over(), kAda);
    EXPECT_TRUE(first.enqueue(kEve));
    EXPECT_TRUE(first.forget(kEve));
    EXPECT_FALSE(first.forget(kEve));
    EXPECT_EQ(places.used(), 1U);
  }
  EXPECT_EQ(places.used(), 0U);
}

}  // namespace

}  // namespace hb::beamr::driver::test
