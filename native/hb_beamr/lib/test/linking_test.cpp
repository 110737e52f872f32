// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Imports that are no functions: what is offered becomes the instance's own.
#include <cstring>
#include <functional>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

class Linking : public ContextTest {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    ASSERT_EQ(load(ctx(), "imports"), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  }

  void offer(const std::string& name,
             const std::function<void(hb_beamr_capi_lib_offer_t&)>& complete) {
    hb_beamr_capi_lib_offer_t offer{};
    offer.module_name = "env";
    offer.module_name_len = 3;
    offer.name = name.data();
    offer.name_len = name.size();
    complete(offer);
    ASSERT_EQ(hb_beamr_capi_lib_offer_import(ctx(), &offer), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  }
  void offer_value(const std::string& name, const wasm_val_t& value) {
    offer(name, [&](auto& offer) { offer.value = &value; });
  }
  void offer_type(const std::string& name, const hb_beamr_capi_lib_extern_t& type) {
    offer(name, [&](auto& offer) { offer.type = &type; });
  }
  void offer_globals() {
    offer_value("base", i32(16));
    offer_value("counter", i64(-5));
    wasm_val_t reference = i64(3);
    reference.kind = WASM_EXTERNREF;
    offer_value("reference", reference);
  }

  hb_beamr_capi_lib_rc_t instantiate_offered() {
    return hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0);
  }
  void expect_refusal(const std::string& reason) {
    EXPECT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED);
    EXPECT_EQ(error(), "these imports cannot be linked: " + reason);
  }
  std::int32_t call(const char* name, std::initializer_list<wasm_val_t> args = {}) {
    EXPECT_EQ(start(name, args), HB_BEAMR_CAPI_LIB_SUCCESS) << name << ": " << error();
    return event().values[0].of.i32;
  }
};

TEST_F(Linking, GivesTheInstanceItsOwnMemoryTableAndGlobals) {
  offer_globals();
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(call("load", {i32(16)}), 'd') << "the data segment is at the global's value";
  EXPECT_EQ(call("derived"), 16) << "and so are globals that are made from it";
  EXPECT_EQ(call("call_element", {i32(1)}), 7);
  EXPECT_EQ(call("grow", {i32(2)}), 1);
  EXPECT_EQ(call("grow", {i32(1)}), -1) << "the limits are those of the import";
  wasm_val_t value{};
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "counter", 7, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.of.i64, -5);
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "reference", 9, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.of.i64, 3);
  std::uint32_t table = 99;
  ASSERT_EQ(hb_beamr_capi_lib_find_table(ctx(), "own", 3, &table), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(table, 1U);
}

TEST_F(Linking, PutsAnImageUnderTheSegments) {
  std::vector<std::uint8_t> image(65536, 0x55);
  offer_globals();
  offer("memory", [&](auto& offer) {
    offer.image = image.data();
    offer.image_len = image.size();
  });
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(call("load", {i32(0)}), 0x55);
  EXPECT_EQ(call("load", {i32(65535)}), 0x55);
  EXPECT_EQ(call("load", {i32(16)}), 'd');
}

TEST_F(Linking, RefusesAnImageThatDoesNotFit) {
  const std::vector<std::uint8_t> image(65537);
  offer_globals();
  offer("memory", [&](auto& offer) {
    offer.image = image.data();
    offer.image_len = image.size();
  });
  expect_refusal(
      "memory 'env'.'memory': an image of 65537 bytes is offered, the memory begins with 1 pages "
      "of "
      "65536 bytes");
}

TEST_F(Linking, NamesEveryGlobalWithoutItsValue) {
  offer_value("base", i64(16));
  expect_refusal(
      "global 'env'.'base': a value of type i64 is offered, i32 is wanted; "
      "global 'env'.'counter': a value of type i64 is wanted; "
      "global 'env'.'reference': a value of type externref is wanted");
  offer_globals();
  EXPECT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << "a later offer takes its place";
}

class LinkingReferences : public Linking {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    ASSERT_EQ(load(ctx(), "imported_funcref"), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  }
};

TEST_F(LinkingReferences, AreOfFunctionsThatThereAre) {
  const auto offer_references = [&](std::int64_t function, std::int64_t thing) {
    wasm_val_t value = i64(function);
    value.kind = WASM_FUNCREF;
    offer_value("function", value);
    value = i64(thing);
    value.kind = WASM_EXTERNREF;
    offer_value("thing", value);
  };
  for (const std::int64_t function : {std::int64_t{1}, std::int64_t{-2}, std::int64_t{UINT32_MAX},
                                      std::int64_t{1} << 32, INT64_MIN, INT64_MAX}) {
    offer_references(function, -1);
    expect_refusal("global 'env'.'function': no function " + std::to_string(function) +
                   " for a funcref: there are 1");
  }
  for (const std::int64_t thing : {std::int64_t{-2}, std::int64_t{UINT32_MAX}, INT64_MAX}) {
    offer_references(-1, thing);
    expect_refusal(
        "global 'env'.'thing': an externref is a number from 0 to 4294967294, or -1, not " +
        std::to_string(thing));
  }
  offer_references(-1, -1);
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(start("call"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
}

TEST_F(Linking, ComparesTypes) {
  offer_globals();
  hb_beamr_capi_lib_extern_t type{};
  type.kind = WASM_EXTERN_MEMORY;
  type.minimum = 1;
  offer_type("memory", type);
  expect_refusal(
      "memory 'env'.'memory': a memory (1 pages) is offered, a memory (1 to 3 pages) is wanted");
  type.has_maximum = true;
  type.maximum = 2;
  type.minimum = 2;
  offer_type("memory", type);

  hb_beamr_capi_lib_extern_t function{};
  function.kind = WASM_EXTERN_FUNC;
  function.signature = "()I";
  offer_type("answer", function);
  expect_refusal("function 'env'.'answer': a function ()I is offered, a function ()i is wanted");
  function.signature = "()i";
  offer_type("answer", function);

  offer_type("table", type);
  expect_refusal(
      "table 'env'.'table': a memory (2 to 2 pages) is offered, a table of type funcref (2 to 4 "
      "elements) is wanted");
  type.kind = WASM_EXTERN_TABLE;
  type.value_type = WASM_FUNCREF;
  offer_type("table", type);

  function.kind = HB_BEAMR_CAPI_LIB_EXTERN_TAG;
  offer_type("failure", function);
  expect_refusal("tag 'env'.'failure': a tag ()i is offered, a tag (i) is wanted");
  function.signature = "(i)";
  offer_type("failure", function);

  EXPECT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
}

TEST_F(Linking, CanRefuseWhatWasNotOffered) {
  offer_globals();
  ASSERT_EQ(hb_beamr_capi_lib_refuse_unresolved_imports(ctx(), true), HB_BEAMR_CAPI_LIB_SUCCESS);
  expect_refusal(
      "memory 'env'.'memory': nothing is offered; function 'env'.'answer': nothing is offered; "
      "table 'env'.'table': nothing is offered; tag 'env'.'failure': nothing is offered");
}

TEST_F(Linking, OffersAreCheckedAndTakenInTime) {
  hb_beamr_capi_lib_offer_t offer{};
  offer.module_name_len = 3;
  EXPECT_EQ(hb_beamr_capi_lib_offer_import(ctx(), &offer), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_offer_import(ctx(), nullptr), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  offer_globals();
  ASSERT_EQ(instantiate_offered(), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  offer = {};
  EXPECT_EQ(hb_beamr_capi_lib_offer_import(ctx(), &offer), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
}

}  // namespace
}  // namespace hb::beamr::test
