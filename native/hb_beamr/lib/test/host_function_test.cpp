// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// call_export() and imports that C functions answer in place.
#include <stdexcept>
#include <string>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

hb_beamr_capi_lib_context_t* context_of(void* user_env) {
  return static_cast<hb_beamr_capi_lib_context_t*>(user_env);
}

wasm_trap_t* trap_with(void* user_env, const std::string& text) {
  wasm_message_t message;
  wasm_byte_vec_new(&message, text.size(), text.data());
  wasm_trap_t* trap =
      wasm_trap_new(hb_beamr_capi_lib_context_get_store(context_of(user_env)), &message);
  wasm_byte_vec_delete(&message);
  return trap;
}

wasm_trap_t* add_one(void*, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  results->data[0] = i32(args->data[0].of.i32 + 1);
  return nullptr;
}

wasm_trap_t* refuse(void* user_env, const wasm_val_vec_t*, wasm_val_vec_t*) {
  return trap_with(user_env, "refused: " + std::string(200, '!'));
}

wasm_trap_t* throw_up(void*, const wasm_val_vec_t*, wasm_val_vec_t*) {
  throw std::runtime_error("thrown");
}

wasm_trap_t* wrong_type(void*, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  results->data[0] = f64(1);
  return nullptr;
}

wasm_trap_t* use_memory(void* user_env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  const char text[] = "from the host";
  EXPECT_EQ(hb_beamr_capi_lib_write_memory(context_of(user_env), 100, text, sizeof text),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  results->data[0] = i32(args->data[0].of.i32);
  return nullptr;
}

/// Counts down by nested calls: step(n) asks down(n), which calls step(n - 1).
wasm_trap_t* go_down(void* user_env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  const std::int32_t left = args->data[0].of.i32;
  results->data[0] = i32(0);
  if (left == 0) return nullptr;
  wasm_val_t arg = i32(left - 1);
  EXPECT_EQ(
      hb_beamr_capi_lib_call_export(context_of(user_env), "step", 1, &arg, 1, &results->data[0]),
      HB_BEAMR_CAPI_LIB_SUCCESS);
  return nullptr;
}

wasm_trap_t* call_and_trap(void* user_env, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  wasm_val_t ignored{};
  EXPECT_EQ(hb_beamr_capi_lib_call_export(context_of(user_env), "fail", 0, nullptr, 1, &ignored),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  results->data[0] = i32(7);
  return nullptr;
}

wasm_trap_t* misuse(void* user_env, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  wasm_val_t value = i32(1);
  EXPECT_EQ(hb_beamr_capi_lib_resolve_import(context_of(user_env), 1, &value),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  hb_beamr_capi_lib_destroy_context(context_of(user_env));  // does nothing here
  results->data[0] = i32(3);
  return nullptr;
}

class HostFunction : public ContextTest {
 protected:
  void bind(const std::string& module, const char* import,
            hb_beamr_capi_user_host_func_callback_t f) {
    ASSERT_EQ(load(ctx(), module), HB_BEAMR_CAPI_LIB_SUCCESS);
    const hb_beamr_capi_native_symbol_t symbol{"env", import, reinterpret_cast<void*>(f)};
    ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), &symbol, 1), HB_BEAMR_CAPI_LIB_SUCCESS);
  }
  hb_beamr_capi_lib_rc_t call(const char* name, std::int32_t arg) {
    wasm_val_t value = i32(arg);
    result_ = i32(-1);
    return hb_beamr_capi_lib_call_export(ctx(), name, 1, &value, 1, &result_);
  }
  std::int32_t result() const { return result_.of.i32; }

 private:
  wasm_val_t result_{};
};

TEST_F(HostFunction, AnswersInPlace) {
  bind("basics", "ask", add_one);
  ASSERT_EQ(call("ask_twice", 5), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(result(), 7);
}

TEST_F(HostFunction, AnswersInTheEventDrivenHalfToo) {
  bind("basics", "ask", add_one);
  ASSERT_EQ(start("ask_twice", {i32(5)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 7);
}

TEST_F(HostFunction, TrapsWithItsWholeMessage) {
  bind("basics", "ask", refuse);
  EXPECT_EQ(call("ask_twice", 5), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: refused: " + std::string(200, '!'));
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_HOST);
  EXPECT_EQ(result(), -1);
}

TEST_F(HostFunction, ThatThrowsIsATrap) {
  bind("basics", "ask", throw_up);
  EXPECT_EQ(call("ask_twice", 5), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: a host function threw a C++ exception");
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_TRAPPED);
}

TEST_F(HostFunction, ThatGivesAWrongTypeIsATrap) {
  bind("basics", "ask", wrong_type);
  EXPECT_EQ(call("ask_twice", 5), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: a host function of type (i)i gave (f64)");
}

TEST_F(HostFunction, MayUseTheMemory) {
  bind("basics", "ask", use_memory);
  ASSERT_EQ(call("ask_twice", 9), HB_BEAMR_CAPI_LIB_SUCCESS);
  char text[14];
  ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 100, text, sizeof text),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_STREQ(text, "from the host");
}

TEST_F(HostFunction, MayCallTheGuestAgain) {
  bind("nesting", "down", go_down);
  ASSERT_EQ(call("step", 10), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(result(), 11);
}

TEST_F(HostFunction, ThatCallsTheGuestForEverEndsInATrapOfTheGuest) {
  bind("nesting", "down", [](void* user_env, const wasm_val_vec_t*, wasm_val_vec_t* results) {
    wasm_val_t arg = i32(0);
    auto* nested = context_of(user_env);
    const auto rc = hb_beamr_capi_lib_call_export(nested, "step", 1, &arg, 1, &results->data[0]);
    if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) return static_cast<wasm_trap_t*>(nullptr);
    const std::string message = hb_beamr_capi_lib_get_last_error(nested);
    return trap_with(user_env, message.substr(std::string("Exception: ").size()));
  });
  EXPECT_EQ(call("step", 1), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: host functions are nested more than 500 deep");
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 0U);
  wasm_val_t sum{};
  wasm_val_t args[] = {i32(1), i32(2)};
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), "add", 2, args, 1, &sum),
            HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(HostFunction, OutlivesATrapOfANestedCall) {
  bind("nesting", "down", call_and_trap);
  ASSERT_EQ(call("step", 1), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(result(), 8);
}

TEST_F(HostFunction, CannotAnswerOrDestroyFromInside) {
  bind("basics", "ask", misuse);
  ASSERT_EQ(call("ask_twice", 1), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(result(), 3);
}

TEST_F(HostFunction, ThatLeavesANestedCallWaitingIsATrap) {
  bind("nesting", "down", [](void* user_env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    results->data[0] = i32(1);
    if (args->data[0].of.i32 == 1) return trap_with(user_env, "inner");
    std::uint32_t step = 0;
    hb_beamr_capi_lib_find_function(context_of(user_env), "step", 4, &step);
    hb_beamr_capi_lib_request_yield(context_of(user_env));
    wasm_val_t arg = i32(1);
    // Yields at once, or ends in the inner trap; either way the outer call goes on properly.
    if (hb_beamr_capi_lib_start_call(context_of(user_env), step, 1, &arg) ==
        HB_BEAMR_CAPI_LIB_YIELDED) {
      return static_cast<wasm_trap_t*>(nullptr);
    }
    return trap_with(user_env, "did not yield");
  });
  EXPECT_EQ(call("step", 0), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(),
            "Exception: a host function returned while a call that it had started was going on");
  EXPECT_EQ(hb_beamr_capi_lib_call_depth(ctx()), 0U);
}

TEST_F(HostFunction, CallExportChecksItsArguments) {
  bind("basics", "ask", add_one);
  wasm_val_t arg = i32(1);
  wasm_val_t result{};
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), nullptr, 1, &arg, 1, &result),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), "ask_twice", 1, nullptr, 1, &result),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), "ask_twice", 1, &arg, 1, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), "ask_twice", 1, &arg, 0, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function gives 1 results, there is room for 0");
  EXPECT_EQ(hb_beamr_capi_lib_call_export(ctx(), "missing", 1, &arg, 1, &result),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
}

TEST_F(HostFunction, CallExportStopsAtADeferredImport) {
  instantiate();
  wasm_val_t arg = i32(1);
  wasm_val_t result = i32(-1);
  ASSERT_EQ(hb_beamr_capi_lib_call_export(ctx(), "ask_twice", 1, &arg, 1, &result),
            HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(result.of.i32, -1);
  ASSERT_EQ(answer({i32(4)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(answer({i32(5)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 5);
}

}  // namespace
}  // namespace hb::beamr::test
