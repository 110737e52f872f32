// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Loading, instantiating and calling, with one process.

#include <bit>
#include <limits>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

using CallCommands = DriverTest;

// ---- LOAD.

TEST_F(CallCommands, EqualModulesHaveEqualIdsAndOthersDoNot) {
  const std::string module = fixture("driver_guest");
  const Answer first = open().run(Operation::kLoad, module);
  const Answer again = open().run(Operation::kLoad, module);
  const Answer other = open().run(Operation::kLoad, fixture("driver_bare"));
  ASSERT_EQ(first.text.size(), 9U);
  EXPECT_EQ(first.text, again.text);
  EXPECT_NE(first.text, other.text);
}

TEST_F(CallCommands, AModuleIsLoadedOnce) {
  const Client client = load(fixture("driver_bare"));
  EXPECT_ERROR(client.ask(Operation::kLoad, fixture("driver_bare")), ErrorCode::kInvalidState);
}

TEST_F(CallCommands, BadModulesAreRefusedAndThePortCanTryAgain) {
  const Client client = open();
  EXPECT_ERROR(client.run(Operation::kLoad, ""), ErrorCode::kBadModule);
  EXPECT_ERROR(client.run(Operation::kLoad, "not a module"), ErrorCode::kBadModule);
  const std::string module = fixture("driver_guest");
  EXPECT_ERROR(client.run(Operation::kLoad, module.substr(0, module.size() / 2)),
               ErrorCode::kBadModule);
  EXPECT_ERROR(client.run(Operation::kLoad, std::string(2 << 20, 'x')), ErrorCode::kBadModule);
  EXPECT_TAG(client.run(Operation::kLoad, module), Tag::kOk);
}

TEST_F(CallCommands, LargeModulesLoadOnAWorkerAndKnownOnesAtOnce) {
  const std::string module = padded(plain_fixture("driver_guest"), 100'000);
  const Client first = open();
  EXPECT_TAG(first.ask(Operation::kLoad, module), Tag::kPending);
  EXPECT_TAG(first.receive(), Tag::kOk);
  EXPECT_TAG(open().ask(Operation::kLoad, module), Tag::kOk);
  EXPECT_COMPLETED(first.run(Operation::kInstantiate, u32(0)));
  EXPECT_COMPLETED(first.call("add", {integer(1), integer(2)}), i32(3));
}

TEST_F(CallCommands, WhatIsLargeGoesAsACommand) {
  const Client client = open();
  EXPECT_ERROR(client.ask(Operation::kLoad, padded(plain_fixture("driver_guest"), 3 << 20)),
               ErrorCode::kBadarg);
  const Client other = instance();
  EXPECT_ERROR(other.ask(Operation::kWrite, u64(0) + std::string((1 << 20) + 1, 'x')),
               ErrorCode::kBadarg);
}

TEST_F(CallCommands, NamesOfAnyLengthAreLookedUpQuickly) {
  const Client client = instance();
  const std::string name(10 << 20, 'n');
  for (const Operation operation : {Operation::kFunction, Operation::kGlobalGet}) {
    const Answer answer = client.ask(operation, name);
    EXPECT_TRUE(answer.is(Tag::kError));
    EXPECT_LE(answer.text.size(), std::size_t{1} << 20);
  }
}

TEST_F(CallCommands, WhileAModuleLoadsThePortIsBusy) {
  const Client client = open();
  ASSERT_TRUE(client.port()->command(client.process(),
                                     {"\x01", padded(plain_fixture("driver_guest"), 5 << 20)}));
  // Either still loading, or loaded: no second LOAD in both cases.
  EXPECT_ERROR(client.ask(Operation::kLoad, fixture("driver_bare")), ErrorCode::kInvalidState);
  EXPECT_TAG(client.receive(), Tag::kOk);
}

// ---- INSTANTIATE.

TEST_F(CallCommands, AnInstanceWantsAModule) {
  const Client client = open();
  EXPECT_ERROR(client.run(Operation::kInstantiate, u32(0)), ErrorCode::kInvalidState);
  EXPECT_ERROR(client.call("empty"), ErrorCode::kInvalidState);
}

TEST_F(CallCommands, AnInstanceIsMadeOnce) {
  const Client client = instance();
  EXPECT_ERROR(client.run(Operation::kInstantiate, u32(0)), ErrorCode::kInvalidState);
  EXPECT_COMPLETED(client.call("empty"));
}

TEST_F(CallCommands, StackSizesOutOfRangeAreRefusedAndOthersTaken) {
  const Client client = load(fixture("driver_guest"));
  EXPECT_ERROR(client.run(Operation::kInstantiate, u32(1)), ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.run(Operation::kInstantiate, u32(UINT32_MAX)), ErrorCode::kInvalidArgs);
  EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(8192)));
  EXPECT_COMPLETED(client.call("empty"));
}

TEST_F(CallCommands, AStartFunctionMayWaitInAnImport) {
  const Client client = load(fixture("driver_start_asks"));
  const Answer question = client.run(Operation::kInstantiate, u32(0));
  ASSERT_TRUE(question.is(Tag::kImport));
  EXPECT_EQ(question.values, Values{i32(41)});
  EXPECT_COMPLETED(client.answer({integer(42)}));
  EXPECT_COMPLETED(client.call("answer"), i32(42));
}

TEST_F(CallCommands, AStartFunctionThatTrapsMakesNoInstance) {
  const Client client = load(fixture("driver_start_crash"));
  EXPECT_ERROR(client.run(Operation::kInstantiate, u32(0)), ErrorCode::kTrap);
  EXPECT_ERROR(client.call("empty"), ErrorCode::kUnknownFunction);
}

TEST_F(CallCommands, AnEndlessStartFunctionCanBeCancelled) {
  const Client client = load(fixture("driver_start_loop"));
  EXPECT_TAG(client.ask(Operation::kInstantiate, u32(0)), Tag::kPending);
  EXPECT_ERROR(client.ask(Operation::kInstantiate, u32(0)), ErrorCode::kInvalidState);
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
}

TEST_F(CallCommands, LargeInstancesAreMadeOnAWorker) {
  const Client client = load(fixture("driver_large_table"));
  EXPECT_TAG(client.ask(Operation::kInstantiate, u32(0)), Tag::kPending);
  EXPECT_COMPLETED(client.receive());
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
}

// ---- CALL.

TEST_F(CallCommands, ValuesOfAllTypesPassBothWays) {
  const Client client = instance();
  EXPECT_COMPLETED(client.call("add", {integer(40), integer(2)}), i32(42));
  EXPECT_COMPLETED(client.call("echo_i32", {natural(0xFFFFFFFF)}), i32(-1));
  EXPECT_COMPLETED(client.call("echo_i64", {natural(UINT64_MAX)}), i64(-1));
  EXPECT_COMPLETED(client.call("echo_f32", {real(0.1)}), f32(0.1F));
  EXPECT_COMPLETED(client.call("echo_f64", {integer(3)}), f64(3.0));
  EXPECT_COMPLETED(client.call("echo_all", {integer(-1), integer(-2), real(0.5), real(0.25)}),
                   i32(-1), i64(-2), f32(0.5F), f64(0.25));
  EXPECT_COMPLETED(client.call("echo_f32", {{ValueKind::kF32, 0x7FA00001}}),
                   {ValueKind::kF32, 0x7FA00001});
}

TEST_F(CallCommands, ManyArgumentsAndManyResultsPass) {
  const Client client = instance();
  Values arguments;
  for (int i = 1; i <= 20; ++i) arguments.push_back(integer(i));
  EXPECT_COMPLETED(client.call("sum20", arguments), i64(1 + 2 + 10 + 20));
  const Answer ten = client.call("ten");
  ASSERT_EQ(ten.values.size(), 10U);
  EXPECT_EQ(ten.values[9], i64(9));
}

TEST_F(CallCommands, WrongArgumentsAreRefusedWithWords) {
  const Client client = instance();
  const Answer few = client.call("add", {integer(1)});
  EXPECT_ERROR(few, ErrorCode::kInvalidArgs);
  EXPECT_EQ(few.text, "expected 2 arguments (ii)i, got 1");
  // So many are not counted to their end.
  EXPECT_EQ(client.call("add", Values(65'535, integer(1))).text,
            "expected 2 arguments (ii)i, got 65535");
  EXPECT_EQ(client.call("add", Values(1'000'000, integer(1))).text,
            "expected 2 arguments (ii)i, got more than 65535");
  EXPECT_ERROR(client.call("add", {integer(1), integer(2), integer(3)}), ErrorCode::kInvalidArgs);
  EXPECT_EQ(client.call("add", {integer(1), real(2)}).text, "argument 2 is not an i32");
  EXPECT_EQ(client.call("add", {natural(UINT64_MAX), real(2)}).text,
            "argument 1 does not fit an i32");
  EXPECT_ERROR(client.call("echo_f32", {real(1e300)}), ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.call("take_reference", {integer(0)}), ErrorCode::kInvalidArgs);
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
}

TEST_F(CallCommands, UnknownFunctionsAreNamed) {
  const Client client = instance();
  const Answer unknown = client.call("nope");
  EXPECT_ERROR(unknown, ErrorCode::kUnknownFunction);
  EXPECT_EQ(unknown.text, "nope");
  EXPECT_ERROR(client.call("memory"), ErrorCode::kUnknownFunction);
  EXPECT_ERROR(client.call(""), ErrorCode::kUnknownFunction);
}

TEST_F(CallCommands, FunctionsAreCalledByTheirIndex) {
  const Client client = instance();
  const Answer found = client.ask(Operation::kFunction, "add");
  ASSERT_TRUE(found.is(Tag::kOk));
  const std::string index = found.text.substr(0, 4);
  EXPECT_EQ(found.text.substr(4), "(ii)i");
  EXPECT_COMPLETED(client.run(Operation::kCallFunction, index + encode({integer(2), integer(3)})),
                   i32(5));
  EXPECT_ERROR(client.run(Operation::kCallFunction, index), ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.run(Operation::kCallFunction, u32(UINT32_MAX)), ErrorCode::kUnknownFunction);
  EXPECT_ERROR(client.ask(Operation::kFunction, "nope"), ErrorCode::kUnknownFunction);
}

TEST_F(CallCommands, FunctionsAreCalledByTheirTableElement) {
  const Client client = instance();
  EXPECT_COMPLETED(client.run(Operation::kCallTable, u64(0) + encode({integer(2), integer(3)})),
                   i32(5));
  EXPECT_ERROR(client.run(Operation::kCallTable, u64(0)), ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.run(Operation::kCallTable, u64(2)), ErrorCode::kUnknownFunction);
  EXPECT_ERROR(client.run(Operation::kCallTable, u64(3)), ErrorCode::kUnknownFunction);
  EXPECT_ERROR(client.run(Operation::kCallTable, u64(UINT64_MAX)), ErrorCode::kUnknownFunction);
  EXPECT_ERROR(instance("driver_bare").run(Operation::kCallTable, u64(0)),
               ErrorCode::kUnknownFunction);
}

TEST_F(CallCommands, TrapsAreErrorsAndTheInstanceStaysUsable) {
  const Client client = instance();
  const Answer crash = client.call("crash");
  EXPECT_ERROR(crash, ErrorCode::kTrap);
  EXPECT_EQ(crash.text, "Exception: unreachable");
  EXPECT_EQ(client.call("divide", {integer(1), integer(0)}).text,
            "Exception: integer divide by zero");
  EXPECT_ERROR(client.call("recurse", {integer(1)}), ErrorCode::kTrap);
  EXPECT_COMPLETED(client.call("divide", {integer(6), integer(3)}), i32(2));
}

// ---- ANSWER and TRAP.

TEST_F(CallCommands, AnImportIsAnsweredByItsCaller) {
  const Client client = instance();
  const Answer question = client.call("ask_twice", {integer(1)});
  ASSERT_TRUE(question.is(Tag::kImport));
  EXPECT_EQ(question.position, 0U);
  EXPECT_EQ(question.values, Values{i32(1)});
  const Answer second = client.answer({integer(10)});
  ASSERT_TRUE(second.is(Tag::kImport));
  EXPECT_EQ(second.values, Values{i32(10)});
  EXPECT_COMPLETED(client.answer({integer(100)}), i32(100));
}

TEST_F(CallCommands, ImportsWithoutResultsAndWithManyArguments) {
  const Client client = instance();
  const Answer tell = client.call("tell", {integer(-7), real(1.5)});
  ASSERT_TRUE(tell.is(Tag::kImport));
  EXPECT_EQ(tell.position, 1U);
  EXPECT_EQ(tell.values, (Values{i64(-7), f64(1.5)}));
  EXPECT_COMPLETED(client.answer({}));

  const Answer wide = client.call("wide");
  ASSERT_TRUE(wide.is(Tag::kImport));
  EXPECT_EQ(wide.values,
            (Values{i32(-1), i64(-2), f32(0.5F), f64(0.25), i32(1), i64(2), f32(3), f64(4)}));
  EXPECT_COMPLETED(client.answer({real(0.5), integer(2)}), f32(0.5F), f64(2.0));
}

TEST_F(CallCommands, SurplusResultsAreIgnored) {
  const Client client = instance();
  ASSERT_TRUE(client.call("tell", {integer(0), real(0)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.answer({integer(0)}));
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.answer({integer(3), real(0.5), integer(5)}), i32(3));
}

TEST_F(CallCommands, AfterABadResultTheImportStillWaits) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  const Answer none = client.answer({});
  EXPECT_ERROR(none, ErrorCode::kBadResult);
  EXPECT_EQ(none.text, "expected 1 results (i), got 0");
  EXPECT_ERROR(client.answer({real(1)}), ErrorCode::kBadResult);
  EXPECT_ERROR(client.answer({integer(std::int64_t{1} << 40)}), ErrorCode::kBadResult);
  EXPECT_ERROR(client.ask(Operation::kAnswer, "abc"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kAnswer, "\x09" + u64(0)), ErrorCode::kBadarg);
  EXPECT_COMPLETED(client.answer({integer(7)}), i32(7));
}

TEST_F(CallCommands, AnImportMayTrapWithAMessage) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  const Answer trap = client.run(Operation::kTrap, "no such thing");
  EXPECT_ERROR(trap, ErrorCode::kTrap);
  EXPECT_EQ(trap.text, "Exception: no such thing");
  EXPECT_COMPLETED(client.call("empty"));
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  EXPECT_ERROR(client.run(Operation::kTrap, std::string(100'000, 'x')), ErrorCode::kTrap);
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  EXPECT_ERROR(client.run(Operation::kTrap, ""), ErrorCode::kTrap);
}

TEST_F(CallCommands, AReferenceCannotBeAnsweredButTrapped) {
  const Client client = instance();
  const Answer question = client.call("refer");
  if (!question.is(Tag::kImport)) return;  // the library may refuse the import altogether
  EXPECT_ERROR(client.answer({integer(0)}), ErrorCode::kBadResult);
  EXPECT_ERROR(client.run(Operation::kTrap, "none"), ErrorCode::kTrap);
}

TEST_F(CallCommands, WithoutAnImportThereIsNothingToAnswer) {
  const Client client = instance();
  EXPECT_ERROR(client.answer({}), ErrorCode::kNotHolder);
  EXPECT_ERROR(client.run(Operation::kTrap, "x"), ErrorCode::kNotHolder);
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kNotHolder);
}

TEST_F(CallCommands, CallsNestToAnyDepthTheStackAllows) {
  const Client client = instance();
  for (int depth = 0; depth < 20; ++depth) {
    const Answer question = client.call("ask", {integer(depth)});
    ASSERT_TRUE(question.is(Tag::kImport));
    EXPECT_EQ(question.values, Values{i32(depth)});
  }
  for (int depth = 19; depth >= 0; --depth) {
    EXPECT_COMPLETED(client.answer({integer(depth)}), i32(depth));
  }
  EXPECT_ERROR(client.answer({integer(0)}), ErrorCode::kNotHolder);
}

TEST_F(CallCommands, ATrapOfANestedCallLeavesTheOuterOneWaiting) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_ERROR(client.call("crash"), ErrorCode::kTrap);
  ASSERT_TRUE(client.call("wide").is(Tag::kImport));
  EXPECT_ERROR(client.run(Operation::kTrap, "inner"), ErrorCode::kTrap);
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(1)}), i32(2));
  EXPECT_COMPLETED(client.answer({integer(9)}), i32(9));
}

TEST_F(CallCommands, ANestedImportHasItsOwnResults) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  ASSERT_TRUE(client.call("wide").is(Tag::kImport));
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kBadResult);
  EXPECT_COMPLETED(client.answer({real(1), real(2)}), f32(1), f64(2));
  EXPECT_COMPLETED(client.answer({integer(5)}), i32(5));
}

TEST_F(CallCommands, WithoutMemoryForTheQuestionTheCallEnds) {
  const Client client = instance();
  paper::Emulator::get().fail_binaries_from(0);
  EXPECT_ERROR(client.try_call("wide"), ErrorCode::kSystemLimit);
  EXPECT_ERROR(client.try_call("ten"), ErrorCode::kSystemLimit);
  paper::Emulator::get().fail_binaries_from(SIZE_MAX);
  EXPECT_ERROR(client.answer({real(1), real(2)}), ErrorCode::kNotHolder);
  EXPECT_COMPLETED(client.call("empty"));
}

// ---- CANCEL.

TEST_F(CallCommands, CancellingNothingIsFine) {
  const Client client = instance();
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
}

TEST_F(CallCommands, ACancelledImportEndsWhenItIsAnswered) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask_twice", {integer(1)}).is(Tag::kImport));
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  const Answer end = client.answer({integer(1)});
  EXPECT_ERROR(end, ErrorCode::kCancelled);
  EXPECT_EQ(end.text, "Exception: terminated");
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kNotHolder);
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
}

TEST_F(CallCommands, CancellingEndsNestedCallsToo) {
  const Client client = instance();
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  ASSERT_TRUE(client.call("ask", {integer(2)}).is(Tag::kImport));
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(client.call("empty"), ErrorCode::kCancelled);
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kCancelled);
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kCancelled);
  EXPECT_ERROR(client.answer({integer(1)}), ErrorCode::kNotHolder);
  EXPECT_COMPLETED(client.call("empty"));
}

}  // namespace

}  // namespace hb::beamr::driver::test
