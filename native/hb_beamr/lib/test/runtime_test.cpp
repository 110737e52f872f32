// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The engine's life: inits that nest, contexts that outlive them.
#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

TEST(Runtime, HasNoContextsBeforeItStartsAndAfterItEnds) {
  EXPECT_EQ(hb_beamr_capi_lib_create_context(), nullptr);
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_get_state(nullptr), HB_BEAMR_CAPI_LIB_STATE_RUNTIME_INITIALIZED);
  EXPECT_TRUE(ContextPtr(hb_beamr_capi_lib_create_context()));
  hb_beamr_capi_lib_destroy_runtime_global();
  EXPECT_EQ(hb_beamr_capi_lib_get_state(nullptr), HB_BEAMR_CAPI_LIB_STATE_RUNTIME_DESTROYED);
  EXPECT_EQ(hb_beamr_capi_lib_create_context(), nullptr);
}

TEST(Runtime, StaysUntilEachInitHasItsEnd) {
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  hb_beamr_capi_lib_destroy_runtime_global();
  EXPECT_TRUE(ContextPtr(hb_beamr_capi_lib_create_context()));
  hb_beamr_capi_lib_destroy_runtime_global();
  EXPECT_EQ(hb_beamr_capi_lib_create_context(), nullptr);
}

TEST(Runtime, MoreEndsThanInitsDoNothing) {
  hb_beamr_capi_lib_destroy_runtime_global();
  hb_beamr_capi_lib_destroy_runtime_global();
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_TRUE(ContextPtr(hb_beamr_capi_lib_create_context()));
  hb_beamr_capi_lib_destroy_runtime_global();
}

TEST(Runtime, TakesAConfiguration) {
  wasm_config_t* config = wasm_config_new();
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(config), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_TRUE(ContextPtr(hb_beamr_capi_lib_create_context()));
  hb_beamr_capi_lib_destroy_runtime_global();
}

TEST(Runtime, LivesOnForAContextThatIsLeft) {
  ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  const ContextPtr ctx(hb_beamr_capi_lib_create_context());
  hb_beamr_capi_lib_destroy_runtime_global();
  const auto bytes = fixture("no_memory");
  ASSERT_EQ(hb_beamr_capi_lib_load_wasm_module(ctx.get(), bytes.data(),
                                               static_cast<std::uint32_t>(bytes.size())),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx.get(), nullptr, nullptr, 0),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  wasm_val_t one{};
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx.get(), "one", 0, nullptr, 1, &one),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(one.of.i32, 1);
}

TEST(Runtime, NamesEveryCodeAndKind) {
  EXPECT_STREQ(hb_beamr_capi_lib_rc_name(HB_BEAMR_CAPI_LIB_SUCCESS), "success");
  EXPECT_STREQ(hb_beamr_capi_lib_rc_name(HB_BEAMR_CAPI_LIB_ERROR_INTERNAL), "internal");
  EXPECT_STREQ(hb_beamr_capi_lib_trap_kind_name(HB_BEAMR_CAPI_LIB_TRAP_HOST), "host");
}

TEST(Runtime, ANullContextIsAnErrorAndNoCrash) {
  EXPECT_EQ(hb_beamr_capi_lib_load_wasm_module(nullptr, nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_start_call(nullptr, 0, 0, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_STREQ(hb_beamr_capi_lib_get_last_error(nullptr), "the context is NULL");
  EXPECT_EQ(hb_beamr_capi_lib_context_get_store(nullptr), nullptr);
  EXPECT_EQ(hb_beamr_capi_lib_get_event(nullptr), nullptr);
  EXPECT_EQ(hb_beamr_capi_lib_import_count(nullptr), 0U);
  EXPECT_EQ(hb_beamr_capi_lib_module_id(nullptr), 0U);
  hb_beamr_capi_lib_request_yield(nullptr);
  hb_beamr_capi_lib_request_cancel(nullptr);
  hb_beamr_capi_lib_reset_cancel(nullptr);
  hb_beamr_capi_lib_destroy_context(nullptr);
}

}  // namespace
}  // namespace hb::beamr::test
