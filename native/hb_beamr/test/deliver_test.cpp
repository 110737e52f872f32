// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Answers of other processes than the holder of an import, deadlines, and cancelling.

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

using DeliverTest = DriverTest;

std::string answer_of(std::uint64_t id, const Values& values) {
  return u64(id) + std::string(1, static_cast<char>(Operation::kAnswer)) + encode(values);
}
std::string trap_of(std::uint64_t id, const std::string& message) {
  return u64(id) + std::string(1, static_cast<char>(Operation::kTrap)) + message;
}

TEST_F(DeliverTest, AnAnswerReachesTheHolderOnce) {
  const Client client = instance();
  const Answer question = client.call("ask", {integer(7)});
  ASSERT_TRUE(question.is(Tag::kImport));
  const Client other = client.other();
  EXPECT_TAG(other.ask(Operation::kDeliver, answer_of(question.id, {integer(5)})), Tag::kOk);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {integer(6)})),
               ErrorCode::kStaleToken);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {})), ErrorCode::kStaleToken);
  const Answer delivery = client.receive();
  ASSERT_TRUE(delivery.is(Tag::kDelivery));
  EXPECT_EQ(delivery.id, question.id);
  EXPECT_EQ(delivery.operation, Operation::kAnswer);
  EXPECT_EQ(delivery.text, encode({integer(5)}));
  EXPECT_TAG(client.ask(Operation::kAnswer, delivery.text), Tag::kDelivered);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {integer(6)})),
               ErrorCode::kStaleToken);
  EXPECT_COMPLETED(client.answer({integer(5)}), i32(5));
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {integer(6)})),
               ErrorCode::kStaleToken);
  EXPECT_EQ(client.process().messages(), 0U);
}

TEST_F(DeliverTest, TheHolderIsToldBeforeItAnswersItself) {
  const Client client = instance();
  const Answer question = client.call("ask", {integer(7)});
  client.other().ask(Operation::kDeliver, trap_of(question.id, "no"));
  EXPECT_TAG(client.ask(Operation::kTrap, "mine"), Tag::kDelivered);
  const Answer end = client.run(Operation::kTrap, "mine");
  EXPECT_ERROR(end, ErrorCode::kTrap);
  EXPECT_EQ(end.text, "Exception: mine");
}

TEST_F(DeliverTest, InvalidAnswersLeaveTheImportWaiting) {
  const Client client = instance();
  const Answer question = client.call("ask", {integer(7)});
  const Client other = client.other();
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {})), ErrorCode::kBadResult);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {real(1.5)})),
               ErrorCode::kBadResult);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, {integer(1)}) + "x"),
               ErrorCode::kBadarg);
  EXPECT_ERROR(other.ask(Operation::kDeliver, u64(question.id)), ErrorCode::kBadarg);
  EXPECT_ERROR(other.ask(Operation::kDeliver, u64(question.id) + "\x01"), ErrorCode::kBadarg);
  EXPECT_ERROR(other.ask(Operation::kDeliver, "x"), ErrorCode::kBadarg);
  EXPECT_EQ(client.process().messages(), 0U);
  EXPECT_COMPLETED(client.answer({integer(5)}), i32(5));
}

TEST_F(DeliverTest, OnlyImportsThatWaitAreAnswered) {
  const Client client = instance();
  const Client other = client.other();
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(0, {integer(1)})), ErrorCode::kStaleToken);
  const Answer outer = client.call("ask", {integer(7)});
  const Answer inner = client.call("ask", {integer(8)});
  EXPECT_NE(outer.id, inner.id);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(inner.id + 1, {integer(1)})),
               ErrorCode::kStaleToken);
  EXPECT_TAG(other.ask(Operation::kDeliver, answer_of(outer.id, {integer(1)})), Tag::kOk);
  EXPECT_TAG(other.ask(Operation::kDeliver, answer_of(inner.id, {integer(2)})), Tag::kOk);
  EXPECT_EQ(client.receive().id, outer.id);
  EXPECT_EQ(client.receive().id, inner.id);
  EXPECT_COMPLETED(client.answer({integer(2)}), i32(2));
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
}

TEST_F(DeliverTest, TheEndOfACallEndsItsTokens) {
  const Client client = instance();
  const Answer question = client.call("ask", {integer(7)});
  const Client other = client.other();
  client.kill();
  wait_for_counter(other, "traps", 0);
  EXPECT_ERROR(other.run(Operation::kDeliver, answer_of(question.id, {integer(1)})),
               ErrorCode::kStaleToken);
}

TEST_F(DeliverTest, WithoutMemoryTheImportStillWaits) {
  const Client client = instance();
  const Answer question = client.call("wide");
  const Client other = client.other();
  const Values many(20, integer(1));  // more than are wanted
  paper::Emulator::get().fail_binaries_from(100);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(question.id, many)),
               ErrorCode::kSystemLimit);
  paper::Emulator::get().fail_binaries_from(SIZE_MAX);
  EXPECT_TAG(other.ask(Operation::kDeliver, answer_of(question.id, many)), Tag::kOk);
}

TEST_F(DeliverTest, CancellingWakesTheHolders) {
  const Client client = instance();
  const Answer outer = client.call("ask", {integer(7)});
  const Answer inner = client.call("ask", {integer(8)});
  EXPECT_TAG(client.other().ask(Operation::kCancel), Tag::kOk);
  for (const std::uint64_t id : {outer.id, inner.id}) {
    const Answer delivery = client.receive();
    EXPECT_TAG(delivery, Tag::kDelivery);
    EXPECT_EQ(delivery.id, id);
    EXPECT_EQ(delivery.operation, Operation::kTrap);
  }
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kCancelled);
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kCancelled);
  EXPECT_COMPLETED(client.call("empty"));
}

TEST_F(DeliverTest, CancellingARunningCallWakesTheHolderOfOuterImports) {
  const Client client = instance();
  const Answer outer = client.call("ask", {integer(7)});
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  const Client other = client.other();
  EXPECT_TAG(other.ask(Operation::kCancel), Tag::kOk);
  const Answer delivery = client.receive();
  ASSERT_TRUE(delivery.is(Tag::kDelivery));
  EXPECT_EQ(delivery.id, outer.id);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  EXPECT_ERROR(other.ask(Operation::kDeliver, answer_of(outer.id, {integer(1)})),
               ErrorCode::kStaleToken);
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kCancelled);
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
  EXPECT_EQ(client.process().messages(), 0U);
}

/// Somewhere among so many requests the call ends while one is under way.
TEST_F(DeliverTest, CancellingWhileTheCallEndsKeepsNobodyFromClosing) {
  for (int round = 0; round < 2000; ++round) {
    const Client client = instance();
    EXPECT_TAG(client.start("spin"), Tag::kPending);
    const Client other = client.other();
    while (client.process().messages() == 0) EXPECT_TAG(other.ask(Operation::kCancel), Tag::kOk);
    EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
    EXPECT_TAG(client.settle(client.ask(Operation::kClose)), Tag::kOk);
    client.close();
  }
}

// ---- TIMEOUT.

TEST_F(DeliverTest, ATimeoutEndsTheRunningCall) {
  const Client client = instance();
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  EXPECT_TAG(client.ask(Operation::kTimeout), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  EXPECT_COMPLETED(client.call("empty"));
  EXPECT_EQ(client.counter("timeouts"), 1U);
}

TEST_F(DeliverTest, ATimeoutEndsTheNestedCallAlone) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  EXPECT_TAG(client.ask(Operation::kTimeout), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  EXPECT_COMPLETED(client.call("empty"));
  EXPECT_COMPLETED(client.answer({integer(3)}), i32(3));
}

TEST_F(DeliverTest, ATimeoutOfSomebodyElseOrOfNothingIsFine) {
  const Client client = instance();
  EXPECT_TAG(client.ask(Operation::kTimeout), Tag::kOk);
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  const Client other = client.other();
  EXPECT_TAG(other.start("empty"), Tag::kQueued);
  EXPECT_TAG(other.ask(Operation::kTimeout), Tag::kOk);
  EXPECT_TAG(other.ask(Operation::kPass), Tag::kOk);
  EXPECT_EQ(client.process().messages(), 0U);
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
}

TEST_F(DeliverTest, PassTellsWhetherATurnIsOnItsWay) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  const Client other = client.other();
  EXPECT_TAG(other.start("empty"), Tag::kQueued);
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
  EXPECT_TAG(other.ask(Operation::kPass), Tag::kTurn);
  EXPECT_TAG(other.receive(), Tag::kTurn);
  EXPECT_COMPLETED(client.call("empty"));
}

}  // namespace

}  // namespace hb::beamr::driver::test
