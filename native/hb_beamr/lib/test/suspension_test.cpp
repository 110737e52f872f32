// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Calls that are put aside: yields, threads, nesting, cancellation, and destruction half-way.
#include <atomic>
#include <thread>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

class Suspension : public ContextTest {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    instantiate();
  }

  /// What comes after yields: a request to cancel that came too late leaves one behind.
  hb_beamr_capi_lib_rc_t settle(hb_beamr_capi_lib_rc_t rc) {
    while (rc == HB_BEAMR_CAPI_LIB_YIELDED) rc = hb_beamr_capi_lib_resume(ctx());
    return rc;
  }

  /// Runs a guest that never ends until it yields.
  void spin_until_yield() {
    std::atomic<bool> done{false};
    std::thread asker([&] {
      while (!done) {
        hb_beamr_capi_lib_request_yield(ctx());
        std::this_thread::yield();
      }
    });
    EXPECT_EQ(start("spin"), HB_BEAMR_CAPI_LIB_YIELDED);
    done = true;
    asker.join();
  }
};

TEST_F(Suspension, AnEndlessGuestYieldsWhenAsked) {
  spin_until_yield();
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_YIELDED);
  EXPECT_EQ(event().kind, HB_BEAMR_CAPI_LIB_EVENT_YIELDED);
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 1U);
}

TEST_F(Suspension, AYieldedCallGoesOnWithTheRightResult) {
  const std::int32_t kCount = is_compiled() ? 200'000'000 : 2'000'000;
  std::atomic<bool> asking{false};
  std::atomic<bool> done{false};
  std::thread asker([&] {
    for (; !done; asking = true) hb_beamr_capi_lib_request_yield(ctx());
  });
  while (!asking) std::this_thread::yield();
  int yields = 0;
  hb_beamr_capi_lib_rc_t rc = start("count_to", {i32(kCount)});
  for (; rc == HB_BEAMR_CAPI_LIB_YIELDED; ++yields) rc = hb_beamr_capi_lib_resume(ctx());
  done = true;
  asker.join();
  ASSERT_EQ(rc, HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i32, kCount);
  EXPECT_GT(yields, 0);
}

TEST_F(Suspension, OnlyAResumeIsAllowedAfterAYield) {
  spin_until_yield();
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(error(), "a call is not allowed now: a call has yielded and waits to be resumed");
  EXPECT_EQ(answer({i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  char byte = 0;
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 1),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
}

TEST_F(Suspension, ACallMayEndOnAnotherThreadThanItBegan) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  std::thread([&] { EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT); }).join();
  std::thread([&] { EXPECT_EQ(answer({i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS); }).join();
  EXPECT_EQ(event().values[0].of.i32, 3);
}

TEST_F(Suspension, NestedCallsEndInReverseOrder) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask_twice", {i32(10)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 2U);
  ASSERT_EQ(start("add", {i32(2), i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 5);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(11)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);  // of the inner one
  ASSERT_EQ(answer({i32(12)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 12);
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 1U);
  ASSERT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);  // of the outer one
  EXPECT_EQ(event().values[0].of.i32, 2);
  ASSERT_EQ(answer({i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Suspension, ANestedTrapLeavesTheOuterCallWaiting) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("unreachable"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE);
  ASSERT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 3);
}

TEST_F(Suspension, NestingIsDeepAndEndsCleanly) {
  ASSERT_EQ(start("ask_twice", {i32(0)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  hb_beamr_capi_lib_rc_t rc = HB_BEAMR_CAPI_LIB_AWAITING_IMPORT;
  while (rc == HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) rc = start("ask_twice", {i32(0)});
  EXPECT_EQ(rc, HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW);
  const std::uint32_t depth = hb_beamr_capi_lib_call_depth(ctx());
  EXPECT_GT(depth, 50U);
  for (std::uint32_t left = depth; left > 0; --left) {
    ASSERT_EQ(answer({i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
    ASSERT_EQ(answer({i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  }
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 0U);
}

TEST_F(Suspension, ARunningGuestIsCancelledFromAnotherThread) {
  std::thread killer([&] { hb_beamr_capi_lib_request_cancel(ctx()); });
  EXPECT_EQ(start("spin"), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  killer.join();
  EXPECT_EQ(error(), "Exception: terminated");
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Suspension, AYieldedCallIsCancelledWhenItIsResumed) {
  spin_until_yield();
  hb_beamr_capi_lib_request_cancel(ctx());
  EXPECT_EQ(hb_beamr_capi_lib_resume(ctx()), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
}

TEST_F(Suspension, AWaitingCallIsCancelledWhenItIsAnswered) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  hb_beamr_capi_lib_request_cancel(ctx());
  EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
}

TEST_F(Suspension, ACancellationEndsNestedCallsOneByOne) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  hb_beamr_capi_lib_request_cancel(ctx());
  EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(hb_beamr_capi_lib_trap_import(ctx(), "x", 1), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Suspension, ACancellationBeforeACallEndsItUnlessTakenBack) {
  hb_beamr_capi_lib_request_cancel(ctx());
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  hb_beamr_capi_lib_request_cancel(ctx());
  hb_beamr_capi_lib_reset_cancel(ctx());
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Suspension, ANestedCallIsCancelledAlone) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  EXPECT_EQ(settle(start("add", {i32(1), i32(2)})), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(settle(answer({i32(2)})), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(settle(answer({i32(2)})), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Suspension, ARunningNestedCallIsCancelledAloneFromAnotherThread) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  // Until it is heard: a request that comes before the call is for nobody.
  std::atomic<bool> ended{false};
  std::thread killer([&] {
    while (!ended) hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  });
  EXPECT_EQ(settle(start("spin")), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  ended = true;
  killer.join();
  EXPECT_EQ(settle(start("add", {i32(1), i32(2)})), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(settle(answer({i32(2)})), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
}

TEST_F(Suspension, ACancellationOfANestedCallThatHasEndedIsForNobody) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 7);
  EXPECT_EQ(settle(start("add", {i32(1), i32(2)})), HB_BEAMR_CAPI_LIB_SUCCESS);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  EXPECT_EQ(settle(answer({i32(2)})), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(settle(answer({i32(2)})), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Suspension, TheOuterCancellationWins) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 1);
  hb_beamr_capi_lib_request_cancel_from(ctx(), 2);
  EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
}

TEST_F(Suspension, AContextCanBeDestroyedWhileItWaits) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
}

TEST_F(Suspension, AContextCanBeDestroyedAfterAYield) { spin_until_yield(); }

class Straight : public ContextTest {
 protected:
  std::int32_t turns() {
    EXPECT_EQ(start("turns"), HB_BEAMR_CAPI_LIB_SUCCESS);
    return event().values[0].of.i32;
  }
};

/// Nothing stands between the answer and the end of each function but the work.
TEST_F(Straight, LongWorkYieldsAndIsEnded) {
  instantiate("straight");
  const std::uint32_t count = hb_beamr_capi_lib_export_count(ctx());
  ASSERT_EQ(count, 8U);
  for (std::uint32_t i = 1; i < count; ++i) {
    hb_beamr_capi_lib_extern_t exported{};
    hb_beamr_capi_lib_get_export(ctx(), i, &exported);
    const std::string name(exported.name, exported.name_len);
    SCOPED_TRACE(name);
    const std::int32_t before = turns();

    ASSERT_EQ(start(name), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
    hb_beamr_capi_lib_request_yield(ctx());
    ASSERT_EQ(answer({i32(0)}), HB_BEAMR_CAPI_LIB_YIELDED);
    hb_beamr_capi_lib_request_cancel(ctx());
    EXPECT_EQ(hb_beamr_capi_lib_resume(ctx()), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
    hb_beamr_capi_lib_reset_cancel(ctx());
    EXPECT_EQ(turns(), before);

    ASSERT_EQ(start(name), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
    EXPECT_EQ(answer({i32(0)}), HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(turns(), before + 1);
  }
}

class Loops : public ContextTest {};

/// Where the call begins there is a check as well: it is in the loop that it yields again and again.
TEST_F(Loops, AllYieldAndAreCancelled) {
  instantiate("loops");
  const std::uint32_t count = hb_beamr_capi_lib_export_count(ctx());
  ASSERT_EQ(count, 11U);
  for (std::uint32_t i = 0; i < 2 * count; ++i) {
    hb_beamr_capi_lib_extern_t exported{};
    hb_beamr_capi_lib_get_export(ctx(), i / 2, &exported);
    SCOPED_TRACE(std::string(exported.name, exported.name_len));
    const auto choice = static_cast<std::int32_t>(i % 2);
    std::atomic<bool> done{false};
    std::thread asker([&] {
      while (!done) {
        hb_beamr_capi_lib_request_yield(ctx());
        std::this_thread::yield();
      }
    });
    EXPECT_EQ(start(std::string(exported.name, exported.name_len), {i32(choice)}),
              HB_BEAMR_CAPI_LIB_YIELDED);
    for (int turn = 0; turn < 3; ++turn) {
      EXPECT_EQ(hb_beamr_capi_lib_resume(ctx()), HB_BEAMR_CAPI_LIB_YIELDED);
    }
    done = true;
    asker.join();
    hb_beamr_capi_lib_request_cancel(ctx());
    EXPECT_EQ(hb_beamr_capi_lib_resume(ctx()), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
    hb_beamr_capi_lib_reset_cancel(ctx());
  }
}

class Bulk : public ContextTest {};

TEST_F(Bulk, ALongInstructionIsCancelledHalfWay) {
  instantiate("bulk");
  std::thread killer([&] { hb_beamr_capi_lib_request_cancel(ctx()); });
  EXPECT_EQ(start("fill", {i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  killer.join();
}

TEST_F(Bulk, AGuestThatOnlyCallsItselfIsCancelled) {
  instantiate("bulk");
  std::thread killer([&] { hb_beamr_capi_lib_request_cancel(ctx()); });
  EXPECT_EQ(start("tail"), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  killer.join();
}

TEST_F(Bulk, OverlappingCopiesAreRightWhenMadeInPieces) {
  instantiate("bulk");
  std::vector<std::uint8_t> bytes(1000001);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), 0, bytes.data(), bytes.size()),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("copy_up"), HB_BEAMR_CAPI_LIB_SUCCESS);
  std::vector<std::uint8_t> copy(1000000);
  ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 1, copy.data(), copy.size()),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_TRUE(std::equal(copy.begin(), copy.end(), bytes.begin()));
  ASSERT_EQ(start("copy_down"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, copy.data(), copy.size()),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_TRUE(std::equal(copy.begin(), copy.end(), bytes.begin()));
}

/// Starts a call and resumes it until it is more than asked to yield.
hb_beamr_capi_lib_rc_t start_and_resume(hb_beamr_capi_lib_context_t* ctx, std::uint32_t function,
                                        std::initializer_list<wasm_val_t> args) {
  hb_beamr_capi_lib_rc_t rc = hb_beamr_capi_lib_start_call(
      ctx, function, static_cast<std::uint32_t>(args.size()), args.begin());
  while (rc == HB_BEAMR_CAPI_LIB_YIELDED) rc = hb_beamr_capi_lib_resume(ctx);
  return rc;
}

/// Contexts wander between threads while others ask them to yield and cancel.
TEST(Stress, ManyContextsOnManyThreads) {
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  const auto bytes = fixture("basics");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const ContextPtr ctx(hb_beamr_capi_lib_create_context());
        ASSERT_EQ(hb_beamr_capi_lib_load_wasm_module(ctx.get(), bytes.data(),
                                                     static_cast<std::uint32_t>(bytes.size())),
                  HB_BEAMR_CAPI_LIB_SUCCESS);
        ASSERT_EQ(
            hb_beamr_capi_lib_instantiate(
                ctx.get(), reinterpret_cast<void*>(&hb_beamr_capi_lib_defer_import), nullptr, 0),
            HB_BEAMR_CAPI_LIB_SUCCESS);
        std::uint32_t ask = 0;
        std::uint32_t spin = 0;
        hb_beamr_capi_lib_find_function(ctx.get(), "ask_twice", 9, &ask);
        hb_beamr_capi_lib_find_function(ctx.get(), "spin", 4, &spin);
        ASSERT_EQ(start_and_resume(ctx.get(), ask, {i32(round)}),
                  HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
        std::thread other([&] {
          EXPECT_EQ(start_and_resume(ctx.get(), ask, {i32(round)}),
                    HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
        });
        hb_beamr_capi_lib_request_yield(ctx.get());
        other.join();
        if (round % 3 == 0) continue;  // destroyed while it waits
        std::thread killer([&] { hb_beamr_capi_lib_request_cancel(ctx.get()); });
        EXPECT_EQ(start_and_resume(ctx.get(), spin, {}), HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
        killer.join();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  hb_beamr_capi_lib_destroy_runtime_global();
}

}  // namespace
}  // namespace hb::beamr::test
