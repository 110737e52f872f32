// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Loading and unloading.

#include <algorithm>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

TEST(Driver, IsLoadedAndUnloadedManyTimes) {
  paper::Emulator& emulator = paper::Emulator::get();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(emulator.load());
    emulator.unload();
    EXPECT_EQ(emulator.live_threads(), 0);
  }
}

TEST(Driver, WithoutAnEngineNoPortStarts) {
  paper::Emulator& emulator = paper::Emulator::get();
  ASSERT_TRUE(emulator.load());
  emulator.unload();
  EXPECT_EQ(emulator.open(), nullptr);
}

TEST(Driver, UnloadingEndsWhateverRuns) {
  paper::Emulator& emulator = paper::Emulator::get();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(emulator.load());
    std::vector<Client> clients;
    for (int k = 0; k < 6; ++k) {
      const Client& client = clients.emplace_back(emulator.spawn(), emulator.open());
      ASSERT_TRUE(client.run(Operation::kLoad, fixture("driver_guest")).is(Tag::kOk));
      ASSERT_TRUE(client.run(Operation::kInstantiate, u32(0)).is(Tag::kCompleted));
      switch (k % 3) {
        case 0:
          EXPECT_TAG(client.start("spin"), Tag::kPending);
          break;
        case 1:
          ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
          break;
        default:
          break;
      }
    }
    const Client loading(emulator.spawn(), emulator.open());
    loading.ask(Operation::kLoad, padded(plain_fixture("driver_guest"), 1 << 20));
    emulator.unload();
    EXPECT_EQ(emulator.live_threads(), 0);
    EXPECT_EQ(emulator.live_binaries(), 0);
  }
}

TEST(Driver, WorkersAreAsManyAsSchedulers) {
  paper::Emulator& emulator = paper::Emulator::get();
  for (const int schedulers : {1, 2, 5}) {
    ASSERT_TRUE(emulator.load(schedulers));
    // A worker for each but one of them, and the ticker.
    EXPECT_EQ(emulator.live_threads(), std::max(1, schedulers - 1) + 1);
    emulator.unload();
  }
}

}  // namespace

}  // namespace hb::beamr::driver::test
