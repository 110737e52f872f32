// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Linking, start functions, and what can go wrong with both.
#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

using Instantiate = ContextTest;

wasm_trap_t* double_it(void*, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  results->data[0] = i32(args->data[0].of.i32 * 2);
  return nullptr;
}

wasm_trap_t* give_five(void*, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  results->data[0] = i32(5);
  return nullptr;
}

TEST_F(Instantiate, NeedsAModule) {
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), nullptr, nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED);
}

TEST_F(Instantiate, HappensOnce) {
  instantiate();
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Instantiate, NamesEveryImportThatCannotBeLinked) {
  ASSERT_EQ(load(ctx(), "unlinkable"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), nullptr, nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED);
  EXPECT_EQ(error(),
            "these imports cannot be linked: global 'env'.'base': a value of type i32 is wanted; "
            "function 'env'.'f': nothing answers it");
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
}

TEST_F(Instantiate, CanBeTriedAgainAfterALinkingError) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), nullptr, nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(start("add", {i32(1), i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(Instantiate, OverridesTheDefaultByName) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  const hb_beamr_capi_native_symbol_t symbols[] = {
      {"other", "ask", nullptr},
      {"env", "ask", reinterpret_cast<void*>(&double_it)},
      {nullptr, nullptr, nullptr},
  };
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), symbols, 3), HB_BEAMR_CAPI_LIB_SUCCESS);
  wasm_val_t arg = i32(3);
  wasm_val_t result{};
  ASSERT_EQ(hb_beamr_capi_lib_call_export(ctx(), "ask_twice", 1, &arg, 1, &result),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(result.of.i32, 12);
  EXPECT_EQ(start("ask_mixed"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
}

TEST_F(Instantiate, FailsWhereADataSegmentPassesTheEnd) {
  ASSERT_EQ(load(ctx(), "data_past_end"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_INSTANTIATE_FAILED);
  EXPECT_EQ(error(), "out of bounds memory access");
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
}

TEST_F(Instantiate, AStartFunctionThatTrapsLeavesNoInstance) {
  ASSERT_EQ(load(ctx(), "start_trap"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: unreachable");
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE);
  EXPECT_EQ(trap().num_frames, 2U);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
  EXPECT_EQ(hb_beamr_capi_lib_memory_size(ctx(), nullptr, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
}

TEST_F(Instantiate, AStartFunctionMayWaitForAnImport) {
  ASSERT_EQ(load(ctx(), "start_asks"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(77)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
  ASSERT_EQ(start("answer"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 1077);  // the constructors ran after it
}

TEST_F(Instantiate, AStartFunctionMayCallAHostFunction) {
  ASSERT_EQ(load(ctx(), "start_asks"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), reinterpret_cast<void*>(&give_five), nullptr, 0),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("answer"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 1005);
}

TEST_F(Instantiate, ANestedCallInAStartFunctionIsJustACall) {
  ASSERT_EQ(load(ctx(), "start_asks"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("answer"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 0);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED);
}

TEST_F(Instantiate, AnEndlessStartFunctionYieldsAndIsCancelled) {
  ASSERT_EQ(load(ctx(), "start_loop"), HB_BEAMR_CAPI_LIB_SUCCESS);
  hb_beamr_capi_lib_request_cancel(ctx());
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_CANCELLED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
}

TEST_F(Instantiate, TheStackSizeIsChecked) {
  EXPECT_EQ(hb_beamr_capi_lib_set_wasm_stack_size(ctx(), 4095),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_set_wasm_stack_size(ctx(), (64U << 20U) + 1),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_set_wasm_stack_size(ctx(), 4096), HB_BEAMR_CAPI_LIB_SUCCESS);
  instantiate();
  EXPECT_EQ(hb_beamr_capi_lib_set_wasm_stack_size(ctx(), 4096),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(start("recurse", {i32(0)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW);
}

TEST_F(Instantiate, ANullListOfOverridesNeedsACountOfZero) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 1),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
}

}  // namespace
}  // namespace hb::beamr::test
