// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Turns, deaths and ends: several processes at one port.

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

using PortTest = DriverTest;

std::string read_request(std::uint64_t offset, std::uint64_t size) {
  return u64(offset) + u64(size);
}

// ---- Turns.

TEST_F(PortTest, CallersTakeTurnsInOrder) {
  const Client first = instance();
  const Client second = first.other();
  const Client third = first.other();
  ASSERT_TRUE(first.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  EXPECT_EQ(third.process().messages(), 0U);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);  // it keeps its place
  EXPECT_TAG(first.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(second.try_call("empty"));
  EXPECT_TAG(third.receive(), Tag::kTurn);
  EXPECT_COMPLETED(third.try_call("add", {integer(1), integer(1)}), i32(2));
  EXPECT_TAG(first.receive(), Tag::kTurn);
  EXPECT_COMPLETED(first.try_call("empty"));
  for (const Client& client : {first, second, third}) EXPECT_EQ(client.process().messages(), 0U);
}

TEST_F(PortTest, OnlyTheHolderAnswersAndNests) {
  const Client holder = instance();
  const Client other = holder.other();
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_ERROR(other.answer({integer(1)}), ErrorCode::kNotHolder);
  EXPECT_ERROR(other.run(Operation::kTrap, "x"), ErrorCode::kNotHolder);
  EXPECT_COMPLETED(holder.try_call("add", {integer(1), integer(1)}), i32(2));
  EXPECT_COMPLETED(holder.answer({integer(3)}), i32(3));
}

TEST_F(PortTest, AReservationIsUsedUpByAFailedOperationToo) {
  const Client first = instance();
  const Client second = first.other();
  const Client third = first.other();
  ASSERT_TRUE(first.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  EXPECT_TAG(second.ask(Operation::kRead, read_request(0, 1)), Tag::kOk);  // needs no turn
  EXPECT_EQ(third.process().messages(), 0U);
  EXPECT_ERROR(second.try_call("nope"), ErrorCode::kUnknownFunction);
  EXPECT_TAG(third.receive(), Tag::kTurn);
  EXPECT_EQ(third.ask(Operation::kGrow, u64(0)).text, u64(1));
  EXPECT_COMPLETED(first.try_call("empty"));
}

TEST_F(PortTest, PassGivesReservationsAndPlacesBack) {
  const Client first = instance();
  const Client second = first.other();
  const Client third = first.other();
  const Client fourth = first.other();
  ASSERT_TRUE(first.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_TAG(fourth.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.ask(Operation::kPass), Tag::kOk);
  EXPECT_TAG(first.ask(Operation::kPass), Tag::kTurn);  // the holder has no place
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  EXPECT_TAG(second.ask(Operation::kPass), Tag::kTurn);
  EXPECT_TAG(fourth.receive(), Tag::kTurn);
  EXPECT_TAG(fourth.ask(Operation::kPass), Tag::kTurn);
  EXPECT_EQ(third.process().messages(), 0U);
  EXPECT_COMPLETED(third.try_call("empty"));
}

TEST_F(PortTest, WhileAGuestRunsOthersAreToldWhenItStands) {
  const Client runner = instance();
  const Client reader = runner.other();
  const Client caller = runner.other();
  EXPECT_TAG(runner.start("spin"), Tag::kPending);
  for (const Operation operation : {Operation::kSize, Operation::kDescribe, Operation::kTrapInfo}) {
    EXPECT_TAG(reader.ask(operation), Tag::kQueued);
  }
  EXPECT_TAG(reader.ask(Operation::kRead, read_request(0, 1)), Tag::kQueued);
  EXPECT_TAG(reader.ask(Operation::kWrite, u64(0)), Tag::kQueued);
  EXPECT_TAG(reader.ask(Operation::kFunction, "add"), Tag::kQueued);
  EXPECT_TAG(reader.ask(Operation::kGlobalGet, "counter"), Tag::kQueued);
  EXPECT_TAG(caller.start("empty"), Tag::kQueued);
  EXPECT_TAG(runner.start("empty"), Tag::kQueued);
  EXPECT_ERROR(runner.answer({}), ErrorCode::kNotHolder);
  EXPECT_ERROR(reader.ask(Operation::kInstantiate, u32(0)), ErrorCode::kInvalidState);
  EXPECT_ERROR(reader.ask(Operation::kLoad, fixture("driver_bare")), ErrorCode::kInvalidState);

  EXPECT_TAG(reader.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(runner.receive(), ErrorCode::kCancelled);
  EXPECT_TAG(reader.receive(), Tag::kTurn);
  EXPECT_TAG(runner.receive(), Tag::kTurn);
  EXPECT_TAG(caller.receive(), Tag::kTurn);
  EXPECT_EQ(reader.ask(Operation::kRead, read_request(0, 1)).text, "h");
  EXPECT_COMPLETED(caller.try_call("empty"));
  EXPECT_EQ(reader.process().messages(), 0U);
}

TEST_F(PortTest, ACommandToARunningGuestIsAnsweredByTurn) {
  const Client runner = instance();
  const Client writer = runner.other();
  EXPECT_TAG(runner.start("spin"), Tag::kPending);
  ASSERT_TRUE(writer.port()->command(writer.process(), {"\x0a" + u64(0), std::string(100, 'x')}));
  ASSERT_TRUE(writer.port()->command(writer.process(), {"\x01", fixture("driver_bare")}));
  EXPECT_ERROR(writer.receive(), ErrorCode::kInvalidState);
  EXPECT_TAG(runner.ask(Operation::kCancel), Tag::kOk);
  EXPECT_TAG(writer.receive(), Tag::kTurn);
  EXPECT_ERROR(runner.receive(), ErrorCode::kCancelled);
}

// ---- Copies on a worker beside a call that waits.

/// A call that waits in an import, and a copy of another process that is held in its middle.
class CopyTest : public PortTest {
 protected:
  static constexpr std::uint64_t kSize = std::uint64_t{2} << 20;

  static Client ask(const Client& holder) {
    EXPECT_TAG(holder.try_call("ask", {integer(1)}), Tag::kImport);
    return holder;
  }

  static Client begin_copy(const Client& reader) {
    paper::Emulator::get().hold_reads_from(kSize);
    EXPECT_TAG(reader.ask(Operation::kRead, read_request(0, kSize)), Tag::kPending);
    paper::Emulator::get().wait_until_held(1);
    return reader;
  }

  static void end_copy(const Client& reader) {
    paper::Emulator::get().let_go();
    EXPECT_EQ(reader.receive().text.size(), kSize);
  }
};

TEST_F(CopyTest, AnAnswerDuringACopyIsKept) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  EXPECT_TAG(holder.ask(Operation::kAnswer, encode({integer(7)})), Tag::kPending);
  EXPECT_ERROR(holder.ask(Operation::kAnswer, encode({integer(8)})), ErrorCode::kNotHolder);
  end_copy(reader);
  EXPECT_COMPLETED(holder.receive(), i32(7));
  EXPECT_EQ(holder.process().messages(), 0U);
}

TEST_F(CopyTest, ATrapDuringACopyIsKept) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  EXPECT_TAG(holder.ask(Operation::kTrap, "later"), Tag::kPending);
  end_copy(reader);
  EXPECT_EQ(holder.receive().text, "Exception: later");
}

TEST_F(CopyTest, ABadAnswerDuringACopyLeavesTheImportWaiting) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  EXPECT_TAG(holder.ask(Operation::kAnswer, encode({real(1)})), Tag::kPending);
  end_copy(reader);
  EXPECT_ERROR(holder.receive(), ErrorCode::kBadResult);
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
}

TEST_F(CopyTest, OthersCannotAnswerDuringACopyAndTheHolderCallsLater) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  EXPECT_ERROR(reader.ask(Operation::kAnswer, encode({integer(1)})), ErrorCode::kNotHolder);
  EXPECT_TAG(holder.start("empty"), Tag::kQueued);
  EXPECT_TAG(reader.start("empty"), Tag::kQueued);
  EXPECT_TAG(reader.ask(Operation::kSize), Tag::kQueued);
  paper::Emulator::get().let_go();
  EXPECT_TAG(holder.receive(), Tag::kTurn);
  EXPECT_COMPLETED(holder.try_call("empty"));
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
  std::map<Tag, int> messages;
  for (int i = 0; i < 3; ++i) ++messages[reader.receive().tag];
  EXPECT_EQ(messages[Tag::kOk], 1);
  EXPECT_EQ(messages[Tag::kTurn], 2);
  EXPECT_COMPLETED(reader.try_call("empty"));
}

TEST_F(CopyTest, AnAnswerAfterACancelledCopyIsCancelled) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  EXPECT_TAG(reader.ask(Operation::kCancel), Tag::kOk);
  EXPECT_TAG(holder.ask(Operation::kAnswer, encode({integer(7)})), Tag::kPending);
  end_copy(reader);
  EXPECT_ERROR(holder.receive(), ErrorCode::kCancelled);
}

TEST_F(CopyTest, TheHolderMayDieDuringACopyWithAndWithoutAnAnswer) {
  for (const bool has_answered : {false, true}) {
    const Client holder = ask(instance("driver_large_memory"));
    const Client reader = begin_copy(holder.other());
    if (has_answered)
      EXPECT_TAG(holder.ask(Operation::kAnswer, encode({integer(7)})), Tag::kPending);
    EXPECT_TAG(reader.start("empty"), Tag::kQueued);
    holder.kill();
    end_copy(reader);
    EXPECT_TAG(reader.receive(), Tag::kTurn);
    EXPECT_COMPLETED(reader.try_call("empty"));
  }
}

TEST_F(CopyTest, TheReaderMayDieDuringItsCopy) {
  const Client holder = ask(instance("driver_large_memory"));
  const Client reader = begin_copy(holder.other());
  reader.kill();
  paper::Emulator::get().let_go();
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
}

TEST_F(CopyTest, AReservationOutlivesACopy) {
  const Client first = ask(instance("driver_large_memory"));
  const Client second = first.other();
  const Client third = first.other();
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  const Client reader = begin_copy(first.other());
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  end_copy(reader);
  EXPECT_TAG(second.receive(), Tag::kTurn);
  EXPECT_EQ(third.process().messages(), 0U);
  EXPECT_COMPLETED(second.try_call("empty"));
  EXPECT_TAG(third.receive(), Tag::kTurn);
}

TEST_F(CopyTest, PassingAReservationDuringACopyHandsItOverAfterwards) {
  const Client first = ask(instance("driver_large_memory"));
  const Client second = first.other();
  const Client third = first.other();
  EXPECT_TAG(second.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  const Client reader = begin_copy(first.other());
  EXPECT_TAG(second.ask(Operation::kPass), Tag::kTurn);
  EXPECT_EQ(third.process().messages(), 0U);
  end_copy(reader);
  EXPECT_TAG(third.receive(), Tag::kTurn);
  EXPECT_COMPLETED(third.try_call("empty"));
}

TEST_F(CopyTest, ThePortMayCloseDuringACopy) {
  for (const bool is_waiting : {false, true}) {
    const Client client = instance("driver_large_memory");
    if (is_waiting) ask(client);
    const Client reader = begin_copy(client.other());
    if (is_waiting) EXPECT_TAG(client.ask(Operation::kAnswer, encode({integer(7)})), Tag::kPending);
    client.close();
    paper::Emulator::get().let_go();
    EXPECT_FALSE(reader.process().receive(*reader.port()).has_value());
  }
  wait_for_instances(0);
}

// ---- Death.

TEST_F(PortTest, TheDeathOfAHolderEndsItsCall) {
  const Client holder = instance();
  const Client next = holder.other();
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(next.start("add", {integer(1), integer(1)}), Tag::kQueued);
  holder.kill();
  EXPECT_TAG(next.receive(), Tag::kTurn);
  EXPECT_COMPLETED(next.try_call("add", {integer(1), integer(1)}), i32(2));
  ASSERT_TRUE(next.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_COMPLETED(next.answer({integer(4)}), i32(4));
}

TEST_F(PortTest, TheDeathOfAHolderEndsNestedCallsOfAnyDepth) {
  for (const int depth : {2, 5, 8, 9, 20}) {
    const Client holder = instance();
    const Client next = holder.other();
    for (int i = 0; i < depth; ++i) ASSERT_TRUE(holder.call("ask", {integer(i)}).is(Tag::kImport));
    EXPECT_TAG(next.start("empty"), Tag::kQueued);
    holder.kill();
    EXPECT_TAG(next.receive(), Tag::kTurn);
    EXPECT_COMPLETED(next.call("empty"));
  }
}

TEST_F(PortTest, TheDeathOfACallerEndsItsRunningGuest) {
  const Client caller = instance();
  const Client next = caller.other();
  EXPECT_TAG(caller.start("spin"), Tag::kPending);
  EXPECT_TAG(next.start("empty"), Tag::kQueued);
  caller.kill();
  EXPECT_TAG(next.receive(), Tag::kTurn);
  EXPECT_COMPLETED(next.try_call("empty"));
}

TEST_F(PortTest, TheDeathOfACallerEndsItsInstantiation) {
  const Client caller = load(fixture("driver_start_loop"));
  EXPECT_TAG(caller.ask(Operation::kInstantiate, u32(0)), Tag::kPending);
  caller.kill();
  const Client next = caller.other();
  EXPECT_EQ(next.run(Operation::kDescribe).tag, Tag::kOk);
  const Client waiting = load(fixture("driver_start_asks"));
  ASSERT_TRUE(waiting.run(Operation::kInstantiate, u32(0)).is(Tag::kImport));
  waiting.kill();
  EXPECT_ERROR(waiting.other().answer({integer(1)}), ErrorCode::kNotHolder);
}

TEST_F(PortTest, AGuestThatAsksADeadCallerIsUnwound) {
  // Long enough to be still counting when the caller dies.
  const std::int64_t count = is_compiled() ? 50'000'000 : 5'000'000;
  for (int i = 0; i < 20; ++i) {
    const Client caller = instance();
    const Client next = caller.other();
    EXPECT_TAG(caller.start("count_and_ask", {integer(count)}), Tag::kPending);
    caller.kill();
    EXPECT_COMPLETED(next.call("empty"));
    caller.close();
  }
}

TEST_F(PortTest, TheDeathOfAWaiterTakesItsPlace) {
  const Client holder = instance();
  const Client dead = holder.other();
  const Client next = holder.other();
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(dead.start("empty"), Tag::kQueued);
  EXPECT_TAG(next.start("empty"), Tag::kQueued);
  dead.kill();
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
  EXPECT_TAG(next.receive(), Tag::kTurn);
  EXPECT_COMPLETED(next.try_call("empty"));
}

TEST_F(PortTest, TheDeathOfAProcessWithAReservationPassesIt) {
  const Client holder = instance();
  const Client dead = holder.other();
  const Client next = holder.other();
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(dead.start("empty"), Tag::kQueued);
  EXPECT_TAG(next.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
  EXPECT_TAG(dead.receive(), Tag::kTurn);
  dead.kill();
  EXPECT_TAG(next.receive(), Tag::kTurn);
  EXPECT_COMPLETED(next.try_call("empty"));
}

TEST_F(PortTest, TheDeathOfThoseWhoHaveNothingChangesNothing) {
  const Client holder = instance();
  const Client former = holder.other();
  EXPECT_COMPLETED(former.call("count", {integer(3'000'000)}), i32(3'000'000));
  ASSERT_TRUE(holder.call("ask", {integer(1)}).is(Tag::kImport));
  const Client reader = holder.other();
  EXPECT_TAG(reader.ask(Operation::kSize), Tag::kOk);
  former.kill();
  reader.kill();
  EXPECT_COMPLETED(holder.answer({integer(1)}), i32(1));
}

TEST_F(PortTest, AFormerWaiterIsWatchedAsLongAsItsCallIsActive) {
  const Client first = instance();
  const Client second = first.other();
  const Client third = first.other();
  ASSERT_TRUE(first.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(second.start("ask", {integer(2)}), Tag::kQueued);
  EXPECT_COMPLETED(first.answer({integer(1)}), i32(1));
  EXPECT_TAG(second.receive(), Tag::kTurn);
  ASSERT_TRUE(second.try_call("ask", {integer(2)}).is(Tag::kImport));
  // The former caller waits now; its death must not end the second's call, and the second's must.
  EXPECT_TAG(first.start("empty"), Tag::kQueued);
  EXPECT_TAG(third.start("empty"), Tag::kQueued);
  first.kill();
  EXPECT_COMPLETED(second.try_call("add", {integer(1), integer(1)}), i32(2));
  second.kill();
  EXPECT_TAG(third.receive(), Tag::kTurn);
  EXPECT_COMPLETED(third.try_call("empty"));
}

TEST_F(PortTest, ADeadWaiterOfARunningGuestIsNotCalledUpon) {
  const Client runner = instance();
  const Client dead = runner.other();
  const Client next = runner.other();
  EXPECT_TAG(runner.start("spin"), Tag::kPending);
  EXPECT_TAG(dead.start("empty"), Tag::kQueued);
  EXPECT_TAG(next.start("empty"), Tag::kQueued);
  dead.kill();
  EXPECT_TAG(runner.ask(Operation::kCancel), Tag::kOk);
  EXPECT_TAG(next.receive(), Tag::kTurn);
  EXPECT_COMPLETED(next.try_call("empty"));
}

// ---- The end of a port.

TEST_F(PortTest, APortMayCloseInEveryState) {
  for (int round = 0; round < 10; ++round) {
    open().close();
    load(fixture("driver_guest")).close();
    instance().close();
    const Client waiting = instance();
    ASSERT_TRUE(waiting.call("ask", {integer(0)}).is(Tag::kImport));
    ASSERT_TRUE(waiting.call("ask", {integer(1)}).is(Tag::kImport));
    waiting.close();
    const Client running = instance();
    EXPECT_TAG(running.start("spin"), Tag::kPending);
    EXPECT_TAG(running.other().start("empty"), Tag::kQueued);
    running.close();
    const Client starting = load(fixture("driver_start_loop"));
    EXPECT_TAG(starting.ask(Operation::kInstantiate, u32(0)), Tag::kPending);
    starting.close();
    const Client asking = load(fixture("driver_start_asks"));
    ASSERT_TRUE(asking.run(Operation::kInstantiate, u32(0)).is(Tag::kImport));
    asking.close();
    const Client loading = open();
    loading.ask(Operation::kLoad,
                padded(plain_fixture("driver_guest"), 100'000 + static_cast<std::size_t>(round)));
    loading.close();
    const Client deep = instance();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(deep.call("ask", {integer(i)}).is(Tag::kImport));
    deep.close();
    instance("driver_large_memory").close();
  }
  wait_for_instances(0);
}

TEST_F(PortTest, WhoeverWaitsIsLetGoWhenThePortCloses) {
  const Client client = instance();
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  const Client other = client.other();
  EXPECT_TAG(other.start("empty"), Tag::kQueued);
  client.close();
  EXPECT_FALSE(client.process().receive(*client.port()).has_value());
  EXPECT_FALSE(other.process().receive(*other.port()).has_value());
  EXPECT_FALSE(client.ask_raw(static_cast<std::uint32_t>(Operation::kSize), "").has_value());
}

TEST_F(PortTest, AGuestThatIsAboutToAskWhenThePortClosesIsFreed) {
  for (int i = 0; i < 50; ++i) {
    const Client client = instance();
    client.start("count_and_ask", {integer(100'000 * (i + 1))});
    client.close();
  }
  wait_for_instances(0);
}

// ---- Silence before the end.

TEST_F(PortTest, NothingIsSentAfterClose) {
  for (int round = 0; round < 300; ++round) {
    const Client holder = instance();
    const Client waiter = holder.other();
    const Client closer = holder.other();
    holder.start("count", {integer(200'000)});
    waiter.start("empty");
    if (closer.ask(Operation::kClose).is(Tag::kPending)) {
      EXPECT_TAG(closer.receive(), Tag::kOk);
    }
    const auto sent = holder.process().messages() + waiter.process().messages();
    EXPECT_EQ(closer.process().messages(), 0U);
    closer.ask(Operation::kCancel);
    closer.close();
    EXPECT_EQ(holder.process().messages() + waiter.process().messages(), sent);
  }
}

TEST_F(PortTest, AFunctionIsLookedUpWithoutWaitingOrNotAtAll) {
  const Client client = instance();
  EXPECT_TAG(client.ask(Operation::kTryFunction, "empty"), Tag::kOk);
  EXPECT_EQ(client.ask(Operation::kTryFunction, "empty").text,
            client.ask(Operation::kFunction, "empty").text);
  EXPECT_ERROR(client.ask(Operation::kTryFunction, "missing"), ErrorCode::kUnknownFunction);
  const Client other = client.other();
  ASSERT_TRUE(client.start("spin").is(Tag::kPending));
  EXPECT_ERROR(other.ask(Operation::kTryFunction, "empty"), ErrorCode::kInvalidState);
  EXPECT_EQ(other.process().messages(), 0U);
  other.ask(Operation::kCancel);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
}

}  // namespace

}  // namespace hb::beamr::driver::test
