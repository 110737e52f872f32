// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Limits of one instance and of the node, and what of them is used.

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

constexpr std::uint64_t kAny = UINT64_MAX;
constexpr std::uint32_t kAny32 = UINT32_MAX;

class LimitCommands : public DriverTest {
 protected:
  static std::string limits(std::uint64_t memory, std::uint64_t table_elements, std::uint32_t depth,
                            std::uint32_t results) {
    return u64(memory) + u64(table_elements) + u32(depth) + u32(results);
  }
  static std::string settings(std::uint64_t instances, std::uint64_t memory, std::uint64_t waiting,
                              bool measures_holds = false) {
    return u64(instances) + u64(memory) + u64(waiting) + std::string(1, measures_holds ? 1 : 0);
  }
  void TearDown() override {
    open().ask(Operation::kConfigure, settings(kAny, kAny, kAny));
    DriverTest::TearDown();
  }
};

#define EXPECT_LIMIT(answer, what)             \
  do {                                         \
    const Answer limit_ = (answer);            \
    EXPECT_ERROR(limit_, ErrorCode::kLimit);   \
    EXPECT_EQ(limit_.text, std::string(what)); \
  } while (false)

TEST_F(LimitCommands, AModuleThatWantsMoreIsNotInstantiated) {
  const Client client = load(fixture("driver_guest"));
  EXPECT_TAG(client.ask(Operation::kLimits, limits(65535, kAny, kAny32, kAny32)), Tag::kOk);
  EXPECT_LIMIT(client.run(Operation::kInstantiate, u32(0)), "memory 65535 65536");
}

TEST_F(LimitCommands, GrowingPastALimitSaysWhich) {
  const Client client = load(fixture("driver_guest"));
  EXPECT_TAG(client.ask(Operation::kLimits, limits(131072, kAny, kAny32, kAny32)), Tag::kOk);
  ASSERT_TRUE(client.run(Operation::kInstantiate, u32(0)).is(Tag::kCompleted));
  EXPECT_TAG(client.run(Operation::kGrow, u64(1)), Tag::kOk);
  EXPECT_LIMIT(client.run(Operation::kGrow, u64(1)), "memory 131072 196608");
}

TEST_F(LimitCommands, CallsPastALimitDoNotRun) {
  const Client client = load(fixture("driver_guest"));
  EXPECT_TAG(client.ask(Operation::kLimits, limits(kAny, kAny, 1, 9)), Tag::kOk);
  ASSERT_TRUE(client.run(Operation::kInstantiate, u32(0)).is(Tag::kCompleted));
  EXPECT_LIMIT(client.call("ten"), "results 9 10");
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_LIMIT(client.call("empty"), "call_depth 1 2");
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
}

TEST_F(LimitCommands, LimitsAreSetBeforeTheInstanceIsMade) {
  const Client client = instance();
  EXPECT_ERROR(client.ask(Operation::kLimits, limits(kAny, kAny, kAny32, kAny32)),
               ErrorCode::kInvalidState);
  EXPECT_ERROR(client.ask(Operation::kLimits, "x"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kConfigure, "x"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kInfo, "x"), ErrorCode::kBadarg);
}

TEST_F(LimitCommands, InstancesOfTheNodeAreBounded) {
  const Client first = instance();
  first.ask(Operation::kConfigure, settings(2, kAny, kAny));
  const Client second = instance();
  const Client third = open();
  EXPECT_LIMIT(third.run(Operation::kLoad, fixture("driver_guest")), "instances 2 3");
  EXPECT_EQ(third.counter("instances"), 2U);
  second.close();
  wait_for_instances(1);
  EXPECT_TAG(third.run(Operation::kLoad, fixture("driver_guest")), Tag::kOk);
}

TEST_F(LimitCommands, MemoryOfTheNodeIsBounded) {
  const Client first = instance();
  const std::uint64_t used = first.counter("memory");
  first.ask(Operation::kConfigure, settings(kAny, used + 65536, kAny));
  EXPECT_LIMIT(first.run(Operation::kGrow, u64(2)), "total_memory " + std::to_string(used + 65536) +
                                                        " " + std::to_string(used + 131072));
  EXPECT_TAG(first.run(Operation::kGrow, u64(1)), Tag::kOk);
  const Client second = load(fixture("driver_guest"));
  EXPECT_LIMIT(
      second.run(Operation::kInstantiate, u32(0)),
      "total_memory " + std::to_string(used + 65536) + " " + std::to_string(used + 131072));
  EXPECT_EQ(first.counter("memory"), used + 65536);
}

TEST_F(LimitCommands, WaitingCallsOfTheNodeAreBounded) {
  const Client holder = instance();
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  holder.ask(Operation::kConfigure, settings(kAny, kAny, 1));
  const Client second = holder.other();
  const Client third = holder.other();
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_LIMIT(third.start("empty"), "waiting_calls 1 2");
  EXPECT_LIMIT(third.ask(Operation::kGrow, u64(0)), "waiting_calls 1 2");
  EXPECT_EQ(holder.counter("waiting"), 1U);
  second.kill();
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
  EXPECT_TAG(third.receive(), Tag::kTurn);
  EXPECT_EQ(holder.counter("waiting"), 0U);
}

TEST_F(LimitCommands, PlacesAreGivenBackWhenThePortCloses) {
  const Client holder = instance();
  const Client watcher = open();
  EXPECT_TAG(holder.start("spin"), Tag::kPending);
  EXPECT_TAG(holder.other().start("empty"), Tag::kQueued);
  EXPECT_EQ(watcher.counter("waiting"), 1U);
  holder.close();
  EXPECT_EQ(watcher.counter("waiting"), 0U);
}

TEST_F(LimitCommands, InfoTellsWhatAnInstanceDoes) {
  const Client client = instance();
  auto info = client.numbers(Operation::kInfo);
  EXPECT_EQ(info["activity"], 0U);
  EXPECT_EQ(info["memory"], 65536U);
  EXPECT_EQ(info["calls"], 0U);
  client.call("crash");
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  const Client other = client.other();
  EXPECT_TAG(other.start("empty"), Tag::kQueued);
  info = client.numbers(Operation::kInfo);
  EXPECT_EQ(info["activity"], 1U);
  EXPECT_EQ(info["waiting"], 1U);
  EXPECT_EQ(info["calls"], 2U);
  EXPECT_EQ(info["imports"], 1U);
  EXPECT_EQ(info["traps"], 1U);
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  info = client.numbers(Operation::kInfo);
  EXPECT_EQ(info["activity"], 2U);
  EXPECT_EQ(info["memory"], 65536U);
  EXPECT_GE(info["migrations"], 1U);
  EXPECT_TAG(client.ask(Operation::kTimeout), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  info = client.numbers(Operation::kInfo);
  EXPECT_EQ(info["timeouts"], 1U);
  EXPECT_EQ(info["activity"], 1U);
}

TEST_F(LimitCommands, HoldsAreMeasuredOnDemand) {
  const Client client = instance();
  EXPECT_EQ(client.counter("longest_hold_ns"), 0U);
  client.ask(Operation::kConfigure, settings(kAny, kAny, kAny, true));
  client.call("empty");
  EXPECT_GT(client.counter("longest_hold_ns"), 0U);
  // An application that starts anew may find the driver that it had.
  client.ask(Operation::kConfigure, settings(kAny, kAny, kAny, false));
  EXPECT_EQ(client.counter("longest_hold_ns"), 0U);
}

}  // namespace

}  // namespace hb::beamr::driver::test
