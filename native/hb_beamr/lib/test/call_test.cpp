// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Calls and their events: completed, import, yielded, trapped.
#include <array>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

class Call : public ContextTest {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    instantiate();
  }
};

TEST_F(Call, CompletesWithTheResultInTheEvent) {
  ASSERT_EQ(start("add", {i32(2), i32(40)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(event().kind, HB_BEAMR_CAPI_LIB_EVENT_COMPLETED);
  ASSERT_EQ(event().num_values, 1U);
  EXPECT_EQ(event().values[0].kind, WASM_I32);
  EXPECT_EQ(event().values[0].of.i32, 42);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 0U);
}

TEST_F(Call, PassesEveryNumberType) {
  ASSERT_EQ(start("sum4", {i32(-1), i64(10), f32(0.5F), f64(0.25)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.f64, 9.75);
}

TEST_F(Call, GivesSeveralResultsInOrder) {
  ASSERT_EQ(start("swap", {i32(-5), i64(INT64_MIN)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(event().num_values, 2U);
  EXPECT_EQ(event().values[0].kind, WASM_I64);
  EXPECT_EQ(event().values[0].of.i64, INT64_MIN);
  EXPECT_EQ(event().values[1].kind, WASM_I32);
  EXPECT_EQ(event().values[1].of.i32, -5);
}

TEST_F(Call, WaitsForTheAnswerOfAnImport) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  EXPECT_EQ(event().kind, HB_BEAMR_CAPI_LIB_EVENT_IMPORT);
  EXPECT_EQ(event().import_position, 0U);
  EXPECT_EQ(event().values[0].of.i32, 1);
  ASSERT_EQ(answer({i32(10)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(event().values[0].of.i32, 10);
  ASSERT_EQ(answer({i32(100)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 100);
}

TEST_F(Call, TrapsWithTheEnginesWordsAndStaysUsable) {
  ASSERT_EQ(start("unreachable"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: unreachable");
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE);
  ASSERT_EQ(start("add", {i32(1), i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Call, RefusesAnUnknownName) {
  std::uint32_t index = 0;
  EXPECT_EQ(hb_beamr_capi_lib_find_function(ctx(), "nope", 4, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(error(), "no exported function 'nope'");
  // A name of another kind of export is not a function's.
  EXPECT_EQ(hb_beamr_capi_lib_find_function(ctx(), "memory", 6, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(hb_beamr_capi_lib_find_function(ctx(), "", 0, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
}

TEST_F(ContextTest, NothingIsDoneAfterATrap) {
  instantiate("ends_at_traps");
  const std::uint32_t count = hb_beamr_capi_lib_export_count(ctx());
  ASSERT_GE(count, 20U);
  for (std::uint32_t i = 0; i < count; ++i) {
    hb_beamr_capi_lib_extern_t exported{};
    hb_beamr_capi_lib_get_export(ctx(), i, &exported);
    if (exported.kind != WASM_EXTERN_FUNC) continue;
    const std::string name(exported.name, exported.name_len);
    EXPECT_EQ(start(name), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED) << name;
    wasm_val_t went_on{};
    hb_beamr_capi_lib_get_global(ctx(), "went on", 7, &went_on);
    EXPECT_EQ(went_on.of.i32, 0) << name;
  }
}

TEST_F(Call, TellsALongOrBrokenNameAsText) {
  std::uint32_t index = 0;
  const std::string long_name(100000, 'n');
  hb_beamr_capi_lib_find_function(ctx(), long_name.data(), long_name.size(), &index);
  EXPECT_EQ(error(), "no exported function '" + std::string(200, 'n') + "...'");
  hb_beamr_capi_lib_find_function(ctx(), "\xFFx", 2, &index);
  EXPECT_EQ(error(), "no exported function '\\xFFx'");
}

TEST_F(Call, RefusesAFunctionIndexBeyondTheModule) {
  EXPECT_EQ(hb_beamr_capi_lib_start_call(ctx(), 10000, 0, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Call, RefusesWrongNumbersAndTypesOfArguments) {
  EXPECT_EQ(start("add", {i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function takes (i32, i32) and was given (i32)");
  EXPECT_EQ(start("add", {i32(1), i64(2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function takes (i32, i32) and was given (i32, i64)");
  EXPECT_EQ(start("add", {i32(1), i32(2), i32(3)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_start_call(ctx(), function("add"), 2, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Call, AnImportThatIsAnsweredWronglyStillWaits) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(answer({}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the import gives (i32) and was answered with ()");
  EXPECT_EQ(answer({f32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(answer({i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(2)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Call, GivesAnImportItsArgumentsInEveryType) {
  ASSERT_EQ(start("ask_mixed"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(event().import_position, 1U);
  ASSERT_EQ(event().num_values, 4U);
  EXPECT_EQ(event().values[0].of.i32, -1);
  EXPECT_EQ(event().values[1].of.i64, -2);
  EXPECT_EQ(event().values[2].of.f32, 0.5F);
  EXPECT_EQ(event().values[3].of.f64, 0.25);
  ASSERT_EQ(answer({f64(-1.5)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.f64, -1.5);
}

TEST_F(Call, AnImportCanTrapWithAnyMessage) {
  const std::string message = "no such file: " + std::string(300, 'x');
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(hb_beamr_capi_lib_trap_import(ctx(), message.data(), message.size()),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: " + message);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_HOST);
  EXPECT_EQ(trap().message, message);
  EXPECT_EQ(start("add", {i32(1), i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Call, AnImportCanTrapWithoutAMessage) {
  ASSERT_EQ(start("ask_twice", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(hb_beamr_capi_lib_trap_import(ctx(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: trapped by the host");
}

TEST_F(Call, IsRefusedWhereNothingWaits) {
  EXPECT_EQ(answer({i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(error(), "answering an import is not allowed now: no call is in progress");
  EXPECT_EQ(hb_beamr_capi_lib_trap_import(ctx(), "x", 1), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(hb_beamr_capi_lib_resume(ctx()), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
}

TEST_F(Call, GoesThroughTheExportedTable) {
  std::uint32_t index = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), 0, &index), HB_BEAMR_CAPI_LIB_SUCCESS);
  const wasm_val_t args[] = {i32(20), i32(3)};
  ASSERT_EQ(hb_beamr_capi_lib_start_call(ctx(), index, 2, args), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 23);
  EXPECT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), 3, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(error(), "uninitialized element 3");
  EXPECT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), 4, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(error(), "undefined element 4");
  EXPECT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), UINT64_MAX, &index),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
}

TEST_F(Call, TellsAFunctionsType) {
  std::uint32_t num_params = 0;
  std::uint32_t num_results = 0;
  const wasm_valkind_t* params = nullptr;
  const wasm_valkind_t* results = nullptr;
  const char* signature = nullptr;
  ASSERT_EQ(hb_beamr_capi_lib_function_type(ctx(), function("swap"), &num_params, &params,
                                            &num_results, &results, &signature),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_STREQ(signature, "(iI)Ii");
  ASSERT_EQ(num_params, 2U);
  EXPECT_EQ(params[1], WASM_I64);
  ASSERT_EQ(num_results, 2U);
  EXPECT_EQ(results[1], WASM_I32);
  EXPECT_EQ(
      hb_beamr_capi_lib_function_type(ctx(), 10000, nullptr, nullptr, nullptr, nullptr, nullptr),
      HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
}

struct TrapCase {
  const char* name;
  const char* function;
  std::vector<wasm_val_t> args;
  hb_beamr_capi_lib_trap_kind_t kind;
  const char* text;
};

class EveryTrap : public Call, public ::testing::WithParamInterface<TrapCase> {};

TEST_P(EveryTrap, HasItsKindAndWordsAndLeavesTheInstanceUsable) {
  const TrapCase& wanted = GetParam();
  EXPECT_EQ(hb_beamr_capi_lib_start_call(ctx(), function(wanted.function),
                                         static_cast<std::uint32_t>(wanted.args.size()),
                                         wanted.args.data()),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), std::string("Exception: ") + wanted.text);
  EXPECT_EQ(trap().kind, wanted.kind);
  EXPECT_EQ(trap().message, std::string(wanted.text));
  EXPECT_GT(trap().num_frames, 0U);
  EXPECT_EQ(start("add", {i32(1), i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

INSTANTIATE_TEST_SUITE_P(
    Call, EveryTrap,
    ::testing::Values(
        TrapCase{
            "Unreachable", "unreachable", {}, HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE, "unreachable"},
        TrapCase{"DivideByZero",
                 "divide",
                 {i32(1), i32(0)},
                 HB_BEAMR_CAPI_LIB_TRAP_INTEGER_DIVIDE_BY_ZERO,
                 "integer divide by zero"},
        TrapCase{"Overflow",
                 "divide",
                 {i32(INT32_MIN), i32(-1)},
                 HB_BEAMR_CAPI_LIB_TRAP_INTEGER_OVERFLOW,
                 "integer overflow"},
        TrapCase{"Memory",
                 "load",
                 {i32(65533)},
                 HB_BEAMR_CAPI_LIB_TRAP_MEMORY_OUT_OF_BOUNDS,
                 "out of bounds memory access"},
        TrapCase{"MemoryAtTheVeryEnd",
                 "load",
                 {i32(-1)},
                 HB_BEAMR_CAPI_LIB_TRAP_MEMORY_OUT_OF_BOUNDS,
                 "out of bounds memory access"},
        TrapCase{"Conversion",
                 "truncate",
                 {f64(1e10)},
                 HB_BEAMR_CAPI_LIB_TRAP_INTEGER_OVERFLOW,
                 "integer overflow"},
        TrapCase{"ConversionOfNan",
                 "truncate",
                 {f64(__builtin_nan(""))},
                 HB_BEAMR_CAPI_LIB_TRAP_INVALID_CONVERSION_TO_INTEGER,
                 "invalid conversion to integer"},
        TrapCase{"UndefinedElement",
                 "indirect",
                 {i32(4)},
                 HB_BEAMR_CAPI_LIB_TRAP_UNDEFINED_ELEMENT,
                 "undefined element"},
        TrapCase{"UninitializedElement",
                 "indirect",
                 {i32(2)},
                 HB_BEAMR_CAPI_LIB_TRAP_UNINITIALIZED_ELEMENT,
                 "uninitialized element"},
        TrapCase{"IndirectType",
                 "indirect",
                 {i32(0)},
                 HB_BEAMR_CAPI_LIB_TRAP_INDIRECT_CALL_TYPE_MISMATCH,
                 "indirect call type mismatch"},
        TrapCase{"Table",
                 "table_get",
                 {i32(4)},
                 HB_BEAMR_CAPI_LIB_TRAP_TABLE_OUT_OF_BOUNDS,
                 "out of bounds table access"},
        TrapCase{"Stack",
                 "recurse",
                 {i32(0)},
                 HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW,
                 "wasm operand stack overflow"}),
    [](const auto& info) { return info.param.name; });

TEST_F(Call, ATrapShowsTheInnermostFramesOfADeepStack) {
  ASSERT_EQ(start("recurse", {i32(0)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  ASSERT_EQ(trap().num_frames, 64U);
  EXPECT_TRUE(trap().is_truncated);
  EXPECT_EQ(std::string_view(trap().frames[0].name, trap().frames[0].name_len), "recurse");
}

TEST_F(Call, ATrapIsForgottenByTheNextCall) {
  ASSERT_EQ(start("unreachable"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  ASSERT_EQ(start("nothing"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_NONE);
  EXPECT_EQ(trap().num_frames, 0U);
}

class Names : public ContextTest {};

TEST_F(Names, ATrapShowsTheWayToIt) {
  instantiate("names");
  ASSERT_EQ(start("fail"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  ASSERT_EQ(trap().num_frames, 3U);
  const auto name = [&](std::uint32_t i) {
    return std::string(trap().frames[i].name, trap().frames[i].name_len);
  };
  EXPECT_EQ(name(0), "inner");
  EXPECT_EQ(name(1), "middle");
  EXPECT_EQ(name(2), "outer");
  EXPECT_FALSE(trap().is_truncated);
}

class ManyValues : public ContextTest {};

TEST_F(ManyValues, AnImportMayGiveMoreResultsThanItTakes) {
  instantiate("many_values");
  ASSERT_EQ(start("six"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(1), i64(2), f32(3), f64(4), i32(5), i64(6)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(event().num_values, 6U);
  EXPECT_EQ(event().values[0].of.i32, 1);
  EXPECT_EQ(event().values[1].of.i64, 2);
  EXPECT_EQ(event().values[2].of.f32, 3.0F);
  EXPECT_EQ(event().values[3].of.f64, 4.0);
  EXPECT_EQ(event().values[4].of.i32, 5);
  EXPECT_EQ(event().values[5].of.i64, 6);
  ASSERT_EQ(start("sum_of_six"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(1), i64(2), f32(3), f64(4), i32(5), i64(6)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.f64, 21.0);
}

TEST_F(ManyValues, AFunctionMayTakeMoreThanTheEngineKeepsOnItsStack) {
  instantiate("many_values");
  std::vector<wasm_val_t> args;
  for (int i = 0; i < 20; ++i) args.push_back(i64(INT64_MAX - i));
  ASSERT_EQ(hb_beamr_capi_lib_start_call(ctx(), function("take20"), 20, args.data()),
            HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(event().num_values, 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(event().values[i].of.i64, INT64_MAX - i);
  ASSERT_EQ(answer({i64(-1), i64(-2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[1].of.i64, -2);
}

class References : public ContextTest {};

wasm_val_t reference(wasm_valkind_t kind, std::int64_t number) {
  wasm_val_t value = i64(number);
  value.kind = kind;
  return value;
}

TEST_F(References, PassInBothDirections) {
  instantiate("references");
  for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{0xFFFFFFFE}}) {
    ASSERT_EQ(start("echo", {reference(WASM_EXTERNREF, number)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT)
        << error();
    ASSERT_EQ(event().values[0].kind, WASM_EXTERNREF);
    EXPECT_EQ(event().values[0].of.i64, number);
    EXPECT_EQ(event().values[1].kind, WASM_FUNCREF);
    EXPECT_EQ(event().values[1].of.i64, function("echo"));
    ASSERT_EQ(answer({reference(WASM_EXTERNREF, number)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
    EXPECT_EQ(event().values[0].of.i64, number);
  }
}

TEST_F(References, AreChecked) {
  instantiate("references");
  EXPECT_EQ(start("echo", {reference(WASM_EXTERNREF, 0xFFFFFFFF)}),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "an externref is a number from 0 to 4294967294, or -1, not 4294967295");
  EXPECT_EQ(start("take", {reference(WASM_FUNCREF, 4)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "no function 4 for a funcref: there are 4");
  EXPECT_EQ(start("take", {reference(WASM_FUNCREF, -2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(start("take", {i32(0)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  ASSERT_EQ(start("echo", {reference(WASM_EXTERNREF, 1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(answer({reference(WASM_EXTERNREF, -5)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(answer({reference(WASM_EXTERNREF, 1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(References, OfFunctionsCanBeCalled) {
  instantiate("references");
  ASSERT_EQ(start("give"), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  const auto given = static_cast<std::uint32_t>(event().values[0].of.i64);
  EXPECT_EQ(given, function("take"));
  const wasm_val_t null = reference(WASM_FUNCREF, -1);
  EXPECT_EQ(hb_beamr_capi_lib_start_call(ctx(), given, 1, &null), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(References, InGlobalsAndTables) {
  instantiate("references");
  wasm_val_t value{};
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "ref", 3, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.kind, WASM_EXTERNREF);
  EXPECT_EQ(value.of.i64, -1);
  value = reference(WASM_EXTERNREF, 9);
  ASSERT_EQ(hb_beamr_capi_lib_set_global(ctx(), "ref", 3, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  value = {};
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "ref", 3, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.of.i64, 9);

  std::uint32_t table = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_table(ctx(), "refs", 4, &table), HB_BEAMR_CAPI_LIB_SUCCESS);
  std::uint64_t size = 0;
  ASSERT_EQ(hb_beamr_capi_lib_table_size(ctx(), table, &size), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(size, 2U);
  value = reference(WASM_EXTERNREF, 5);
  ASSERT_EQ(hb_beamr_capi_lib_table_set(ctx(), table, 1, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  std::uint64_t before = 0;
  value = reference(WASM_EXTERNREF, 6);
  ASSERT_EQ(hb_beamr_capi_lib_table_grow(ctx(), table, 2, &value, &before),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(before, 2U);
  for (const auto& [element, expected] :
       {std::pair<std::uint64_t, std::int64_t>{0, -1}, {1, 5}, {2, 6}, {3, 6}}) {
    ASSERT_EQ(hb_beamr_capi_lib_table_get(ctx(), table, element, &value),
              HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(value.of.i64, expected);
  }
}

TEST_F(References, InTablesAreChecked) {
  instantiate("references");
  std::uint32_t table = 0;
  EXPECT_EQ(hb_beamr_capi_lib_find_table(ctx(), "ref", 3, &table),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  ASSERT_EQ(hb_beamr_capi_lib_find_table(ctx(), "refs", 4, &table), HB_BEAMR_CAPI_LIB_SUCCESS);
  wasm_val_t value = reference(WASM_EXTERNREF, 5);
  EXPECT_EQ(hb_beamr_capi_lib_table_set(ctx(), table, 2, &value),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
  EXPECT_EQ(error(), "element 2 passes the end of the table at 2");
  EXPECT_EQ(hb_beamr_capi_lib_table_get(ctx(), table, UINT64_MAX, &value),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
  EXPECT_EQ(hb_beamr_capi_lib_table_grow(ctx(), table, 3, &value, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(hb_beamr_capi_lib_table_grow(ctx(), table, UINT64_MAX, &value, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  value = reference(WASM_FUNCREF, 0);
  EXPECT_EQ(hb_beamr_capi_lib_table_set(ctx(), table, 0, &value),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the elements are of type externref, the value is of type funcref");
  EXPECT_EQ(hb_beamr_capi_lib_table_get(ctx(), 7, 0, &value),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
}

}  // namespace
}  // namespace hb::beamr::test
