// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A v128 between host and guest is two values. Only compiled code has vectors.
#include <array>
#include <cstring>
#include <filesystem>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

using V128 = std::array<wasm_val_t, 2>;

V128 v128(std::int64_t low, std::int64_t high) {
  V128 value{i64(low), i64(high)};
  for (wasm_val_t& half : value) half.kind = WASM_V128;
  return value;
}

class Vectors : public ContextTest {
 protected:
  void SetUp() override {
    const std::string path = std::string(HB_BEAMR_FIXTURE_DIR) + "/vectors.aot";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "there is no compiler of modules";
    ContextTest::SetUp();
    const auto bytes = fixture_file("vectors", "aot");
    ASSERT_EQ(hb_beamr_capi_lib_load_wasm_module(ctx(), bytes.data(),
                                                 static_cast<std::uint32_t>(bytes.size())),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    offer_given(v128(5, 6).data());
  }

  void offer_given(const wasm_val_t* value) {
    hb_beamr_capi_lib_offer_t offer{};
    offer.module_name = "env";
    offer.module_name_len = 3;
    offer.name = "given";
    offer.name_len = 5;
    offer.value = value;
    ASSERT_EQ(hb_beamr_capi_lib_offer_import(ctx(), &offer), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  }
  hb_beamr_capi_lib_rc_t instantiate_offered() {
    return hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0);
  }

  hb_beamr_capi_lib_rc_t start_with(std::string_view name, const std::vector<wasm_val_t>& args) {
    return hb_beamr_capi_lib_start_call(ctx(), function(name),
                                        static_cast<std::uint32_t>(args.size()), args.data());
  }
  void expect_values(const std::vector<wasm_val_t>& wanted) {
    ASSERT_EQ(event().num_values, wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(event().values[i].kind, wanted[i].kind) << i;
      EXPECT_EQ(event().values[i].of.i64, wanted[i].of.i64) << i;
    }
  }
  V128 global(std::string_view name) {
    V128 value{};
    EXPECT_EQ(hb_beamr_capi_lib_get_global(ctx(), name.data(), name.size(), value.data()),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    return value;
  }
};

std::vector<wasm_val_t> list(std::initializer_list<std::vector<wasm_val_t>> values) {
  std::vector<wasm_val_t> slots;
  for (const auto& value : values) slots.insert(slots.end(), value.begin(), value.end());
  return slots;
}
std::vector<wasm_val_t> vec(std::int64_t low, std::int64_t high) {
  const V128 value = v128(low, high);
  return {value.begin(), value.end()};
}

TEST_F(Vectors, AreTwoValuesAsArgumentsAndResults) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(start_with("echo", vec(1, -2)), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  expect_values(vec(1, -2));
  ASSERT_EQ(start_with("lane", list({{i32(9)}, vec(7LL << 32, 0)})), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 7);

  std::uint32_t num_params = 0;
  std::uint32_t num_results = 0;
  const wasm_valkind_t* params = nullptr;
  const char* signature = nullptr;
  ASSERT_EQ(hb_beamr_capi_lib_function_type(ctx(), function("lane"), &num_params, &params,
                                            &num_results, nullptr, &signature),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(num_params, 3U);
  EXPECT_EQ(params[2], WASM_V128);
  EXPECT_STREQ(signature, "(iV)i");
}

TEST_F(Vectors, MayBeAnywhereOnTheStack) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  const auto args = list({vec(0, 0),    {i32(1)},  vec(2, 2),   {f64(3)},  {i64(4)},     vec(5, 5),
                          vec(6, 6),    {f32(7)},  vec(8, 8),   {i64(9)},  vec(10, 10),  {i64(11)},
                          vec(12, 12),  {f64(13)}, vec(14, 14), {i64(15)}, vec(16, -16), {i32(17)},
                          vec(18, -18), {i64(19)}, {i64(20)},   {i64(21)}, vec(22, -22)});
  ASSERT_EQ(start_with("many", args), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  expect_values(list({vec(16, -16), vec(18, -18), {i64(21)}, vec(22, -22)}));
}

TEST_F(Vectors, OfImportsPassBothWays) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  for (const char* name : {"swap", "swap_by_table", "return_swap"}) {
    ASSERT_EQ(start_with(name, list({vec(1, 2), {i32(3)}, vec(4, 5)})),
              HB_BEAMR_CAPI_LIB_AWAITING_IMPORT)
        << name << error();
    expect_values(list({vec(1, 2), {i32(3)}, vec(4, 5)}));
    auto results = list({vec(4, 5), {i64(6)}, vec(1, 2)});
    auto wrong = results;
    wrong[1].kind = WASM_I64;
    EXPECT_EQ(hb_beamr_capi_lib_resolve_import(ctx(), 5, wrong.data()),
              HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
    ASSERT_EQ(hb_beamr_capi_lib_resolve_import(ctx(), 5, results.data()), HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    expect_values(results);
  }
}

TEST_F(Vectors, AnImportedFunctionInATableGetsWhatTheGuestGives) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(start("one_by_table", {i32(41)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) << error();
  EXPECT_EQ(event().values[0].of.i32, 41);
  ASSERT_EQ(answer({i32(42)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i32, 42);
}

TEST_F(Vectors, AnythingElseIsRefused) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  const V128 value = v128(1, 2);
  EXPECT_EQ(start("echo", {value[0]}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function takes (v128) and was given (v128)") << "the half of one";
  EXPECT_EQ(start("echo", {value[0], i64(2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(start("echo", {i64(1), i64(2)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function takes (v128) and was given (i64, i64)");
  EXPECT_EQ(start("lane", {value[0], value[1], i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the function takes (i32, v128) and was given (v128, i32)");
}

TEST_F(Vectors, AreGlobals) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(global("counter")[0].of.i64, 0x2'0000'0001);
  EXPECT_EQ(global("counter")[1].of.i64, 0x4'0000'0003);
  EXPECT_EQ(global("given")[1].of.i64, 6);
  EXPECT_EQ(global("after")[0].of.i32, 7);
  const V128 value = v128(8, 9);
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "counter", 7, value.data()),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(global("counter")[1].of.i64, 9);
  const V128 half{value[0], i64(1)};
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "counter", 7, half.data()),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "global 'counter' is of type v128, the value is of type i64");
}

TEST_F(Vectors, AGlobalWantsAVector) {
  const wasm_val_t number = i64(1);
  offer_given(&number);
  EXPECT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED);
  EXPECT_EQ(error(),
            "these imports cannot be linked: global 'env'.'given': a value of type i64 is offered, "
            "v128 is wanted");
}

TEST_F(Vectors, AreInExceptions) {
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(start_with("throw", vec(0xAB, 0xCD)), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_STREQ(trap().message,
               "uncaught exception 'own' (1, 0x00000000000000cd00000000000000ab, 2)");
  ASSERT_EQ(trap().num_payload, 4U);
  EXPECT_EQ(trap().payload[2].of.i64, 0xCD);

  std::uint32_t tag = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_tag(ctx(), nullptr, 0, "own", 3, &tag),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("catch"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) << error();
  const auto payload = list({{i32(3)}, vec(4, 5), {i64(6)}});
  EXPECT_EQ(hb_beamr_capi_lib_throw_import(ctx(), tag, 3, payload.data()),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the exception has (i32, v128, i64) and was given (i32, v128)");
  ASSERT_EQ(hb_beamr_capi_lib_throw_import(ctx(), tag, 4, payload.data()),
            HB_BEAMR_CAPI_LIB_SUCCESS)
      << error();
  expect_values(payload);
}

}  // namespace
}  // namespace hb::beamr::test
