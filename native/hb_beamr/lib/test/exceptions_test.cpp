// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Exceptions, as guests and hosts notice them.
#include <cstring>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

wasm_val_t reference(std::int64_t number) {
  wasm_val_t value = i64(number);
  value.kind = WASM_EXTERNREF;
  return value;
}

class Exceptions : public ContextTest {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    instantiate("exceptions");
  }

  std::int32_t call(const char* name, std::initializer_list<wasm_val_t> args = {}) {
    EXPECT_EQ(start(name, args), HB_BEAMR_CAPI_LIB_SUCCESS) << name << ": " << error();
    return event().values[0].of.i32;
  }

  std::uint32_t tag(const char* name) {
    std::uint32_t index = 0;
    EXPECT_EQ(hb_beamr_capi_lib_find_tag(ctx(), nullptr, 0, name, std::strlen(name), &index),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    return index;
  }
};

TEST_F(Exceptions, AreCaughtWithTheirValues) {
  EXPECT_EQ(call("catch", {i32(-7)}), -7);
  EXPECT_EQ(call("retry", {i32(5)}), 1016);
  EXPECT_EQ(call("params", {i32(0)}), 40);
  EXPECT_EQ(call("params", {i32(1)}), -1);
  EXPECT_EQ(call("rethrow", {i32(31)}), 31);
  EXPECT_EQ(call("rethrow_outer"), 5);
  EXPECT_EQ(call("delegate"), 8);
  EXPECT_EQ(call("delegate_to_caller"), 21);
  EXPECT_EQ(call("recursive", {i32(50)}), 51);
  EXPECT_EQ(call("returns_out"), 4);
  EXPECT_EQ(call("tail"), 109);
}

TEST_F(Exceptions, PassThroughIndirectCalls) {
  ASSERT_EQ(start("indirect", {i32(5), i32(0)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i32, 5);
  EXPECT_EQ(event().values[1].of.i64, 6);
  ASSERT_EQ(start("indirect", {i32(5), i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i32, 5);
  EXPECT_EQ(event().values[1].of.i64, 77);
}

TEST_F(Exceptions, MayCarryReferences) {
  ASSERT_EQ(start("reference", {reference(12)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].kind, WASM_EXTERNREF);
  EXPECT_EQ(event().values[0].of.i64, 12);
  ASSERT_EQ(start("reference", {reference(-1)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i64, -1);
}

TEST_F(Exceptions, ThatNobodyCatchesAreTrapsOfTheirOwnKind) {
  EXPECT_EQ(start("uncaught", {i32(5)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: uncaught exception 'number' (5)");
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION);
  EXPECT_EQ(trap().tag, tag("number"));
  ASSERT_EQ(trap().num_payload, 1U);
  EXPECT_EQ(trap().payload[0].of.i32, 5);

  EXPECT_EQ(start("uncaught_mixed"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: uncaught exception 'mixed' (3, 9, 1.5, 2.5, -1)");
  ASSERT_EQ(trap().num_payload, 5U);
  EXPECT_EQ(trap().payload[1].of.i64, 9);
  EXPECT_EQ(trap().payload[2].of.f32, 1.5F);
  EXPECT_EQ(trap().payload[3].of.f64, 2.5);
  EXPECT_EQ(trap().payload[4].of.i64, -1);

  EXPECT_EQ(start("uncaught_empty"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: uncaught exception 'empty' ()");
  EXPECT_EQ(trap().num_payload, 0U);

  EXPECT_EQ(call("catch", {i32(1)}), 1) << "nothing is left of it";
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_NONE);
}

TEST_F(Exceptions, ThroughATableAreTheSame) {
  std::uint32_t throws_mixed = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), 1, &throws_mixed),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  const wasm_val_t arg = i32(3);
  EXPECT_EQ(hb_beamr_capi_lib_start_call(ctx(), throws_mixed, 1, &arg),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(trap().tag, tag("mixed"));
}

TEST_F(Exceptions, DoNotCatchTraps) {
  EXPECT_EQ(start("trap"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE);
  ASSERT_EQ(trap().num_frames, 1U);
  // The offset is that of the instruction in the module as it was given.
  EXPECT_EQ(fixture_file("exceptions", "wasm").at(trap().frames[0].offset - 1), 0x00);
}

TEST_F(Exceptions, OfTheHostAreCaughtByTheGuest) {
  ASSERT_EQ(start("ask", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  const wasm_val_t payload = i32(11);
  ASSERT_EQ(hb_beamr_capi_lib_throw_import(ctx(), tag("number"), 1, &payload),
            HB_BEAMR_CAPI_LIB_SUCCESS)
      << error();
  EXPECT_EQ(event().values[0].of.i32, 1011);

  std::uint32_t foreign = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_tag(ctx(), "env", 3, "foreign", 7, &foreign),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("ask", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(hb_beamr_capi_lib_throw_import(ctx(), foreign, 1, &payload), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 2011);

  ASSERT_EQ(start("ask_plainly", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(hb_beamr_capi_lib_throw_import(ctx(), foreign, 1, &payload),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(error(), "Exception: uncaught exception 'env'.'foreign' (11)");
}

TEST_F(Exceptions, ATagThatIsImportedTwiceIsOneTag) {
  EXPECT_EQ(call("alias", {i32(12)}), 12);
  EXPECT_EQ(call("namesake"), 3);
  EXPECT_EQ(start("uncaught_alias", {i32(4)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  std::uint32_t foreign = 0;
  ASSERT_EQ(hb_beamr_capi_lib_find_tag(ctx(), "env", 3, "foreign", 7, &foreign),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(trap().tag, foreign);
}

TEST_F(Exceptions, OfTheHostAreCheckedAndTheImportWaitsOn) {
  ASSERT_EQ(start("ask", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  const wasm_val_t wrong = i64(11);
  EXPECT_EQ(hb_beamr_capi_lib_throw_import(ctx(), tag("number"), 1, &wrong),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "the exception has (i32) and was given (i64)");
  EXPECT_EQ(hb_beamr_capi_lib_throw_import(ctx(), tag("number"), 0, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_throw_import(ctx(), 99, 0, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  std::uint32_t none = 0;
  EXPECT_EQ(hb_beamr_capi_lib_find_tag(ctx(), nullptr, 0, "foreign", 7, &none),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  ASSERT_EQ(answer({i32(7)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 7);
}

TEST_F(Exceptions, OfANestedCallLeaveTheOuterOneAsItWas) {
  ASSERT_EQ(start("ask", {i32(1)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(start("uncaught", {i32(3)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(trap().kind, HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION);
  ASSERT_EQ(answer({i32(7)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 7);
}

TEST_F(Exceptions, TagsAreDescribed) {
  hb_beamr_capi_lib_extern_t described{};
  ASSERT_EQ(hb_beamr_capi_lib_get_import(ctx(), 1, &described), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(described.kind, HB_BEAMR_CAPI_LIB_EXTERN_TAG);
  EXPECT_STREQ(described.signature, "(i)");
  std::uint32_t count = 0;
  const wasm_valkind_t* kinds = nullptr;
  ASSERT_EQ(hb_beamr_capi_lib_tag_type(ctx(), tag("mixed"), &count, &kinds),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(count, 5U);
  EXPECT_EQ(kinds[2], WASM_F32);
}

/// The same code with and without the lowering forced on it.
TEST_F(RuntimeTest, ForcedLoweringChangesNothing) {
  for (const bool is_forced : {false, true}) {
    const ContextPtr ctx(hb_beamr_capi_lib_create_context());
    ASSERT_EQ(hb_beamr_capi_lib_force_exception_lowering(ctx.get(), is_forced),
              HB_BEAMR_CAPI_LIB_SUCCESS);
    ASSERT_EQ(load(ctx.get(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS)
        << hb_beamr_capi_lib_get_last_error(ctx.get());
    ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx.get(), defer(), nullptr, 0),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << hb_beamr_capi_lib_get_last_error(ctx.get());
    wasm_val_t args[] = {i32(6), i32(7)};
    wasm_val_t result{};
    ASSERT_EQ(hb_beamr_capi_lib_call_export(ctx.get(), "add", 2, args, 1, &result),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << hb_beamr_capi_lib_get_last_error(ctx.get());
    EXPECT_EQ(result.of.i32, 13);
  }
}

}  // namespace
}  // namespace hb::beamr::test
