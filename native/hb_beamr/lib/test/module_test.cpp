// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Loading: what is refused and how it is said; what is shared; what a module says of itself.
#include <map>

#include "support/lib_test.hpp"
#include "support/module_builder.hpp"

namespace hb::beamr::test {
namespace {

class Module : public ContextTest {
 protected:
  hb_beamr_capi_lib_rc_t load_bytes(const std::vector<std::uint8_t>& bytes) {
    return hb_beamr_capi_lib_load_wasm_module(ctx(), bytes.data(),
                                              static_cast<std::uint32_t>(bytes.size()));
  }
  /// Loading fails, says so with these words, and the context can still load a good module.
  void expect_refused(const std::vector<std::uint8_t>& bytes, const std::string& words,
                      hb_beamr_capi_lib_rc_t expected = HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED) {
    EXPECT_EQ(load_bytes(bytes), expected);
    EXPECT_NE(error().find(words), std::string::npos) << error();
    EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED);
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    EXPECT_EQ(load(other.get(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  }
};

TEST_F(Module, RefusesNothing) { expect_refused({}, "the module is empty (0 bytes)"); }

TEST_F(Module, RefusesANullPointerWithASize) {
  EXPECT_EQ(hb_beamr_capi_lib_load_wasm_module(ctx(), nullptr, 8),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "wasm_binary_buf is NULL");
}

TEST_F(Module, RefusesGarbageWithTheOffset) {
  expect_refused({'g', 'a', 'r', 'b', 'a', 'g', 'e', '!'}, "(at offset 0)");
}

TEST_F(Module, RefusesCodeOfTheEngineAlone) {
  expect_refused({0, 'a', 'o', 't', 5, 0, 0, 0}, "it is an AOT file");
}

TEST_F(Module, RefusesEveryTruncationOfAModule) {
  const auto bytes = fixture("basics");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    const auto rc = hb_beamr_capi_lib_load_wasm_module(other.get(), bytes.data(),
                                                       static_cast<std::uint32_t>(size));
    // Between two sections the front part can be a module of its own, if it promises no code.
    if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) continue;
    EXPECT_EQ(rc, HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED);
    EXPECT_STRNE(hb_beamr_capi_lib_get_last_error(other.get()), "");
  }
}

TEST_F(Module, NeverReachesTheEngineWithASingleByteChanged) {
  const auto good = fixture("basics");
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bytes = good;
    bytes[at] ^= 0x55U;
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    const auto rc = hb_beamr_capi_lib_load_wasm_module(other.get(), bytes.data(),
                                                       static_cast<std::uint32_t>(bytes.size()));
    EXPECT_TRUE(rc == HB_BEAMR_CAPI_LIB_SUCCESS || rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED);
    if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
      hb_beamr_capi_lib_instantiate(other.get(), defer(), nullptr, 0);
    }
  }
}

TEST_F(Module, RefusesAnInvalidBody) {
  // (func (result i32)) without a value.
  ModuleBuilder builder;
  builder.add_function({}, {0x7F}, {});
  expect_refused(builder.bytes(), "invalid module: ");
}

TEST_F(Module, RefusesVectorInstructions) {
  ModuleBuilder builder;  // v128.const 0; drop
  std::vector<std::uint8_t> body{0xFD, 0x0C};
  body.resize(18, 0);
  body.push_back(0x1A);
  builder.add_function({}, {}, body);
  expect_refused(builder.bytes(), "SIMD", HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED);
}

TEST_F(Module, IsLoadedOncePerContext) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
  EXPECT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(error(), "loading a module is not allowed now: the module is not instantiated yet");
}

TEST_F(Module, IsSharedByEqualBytes) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  const ContextPtr same(hb_beamr_capi_lib_create_context());
  ASSERT_EQ(load(same.get(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  const ContextPtr other(hb_beamr_capi_lib_create_context());
  ASSERT_EQ(load(other.get(), "nesting"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_NE(hb_beamr_capi_lib_module_id(ctx()), 0U);
  EXPECT_EQ(hb_beamr_capi_lib_module_id(ctx()), hb_beamr_capi_lib_module_id(same.get()));
  EXPECT_NE(hb_beamr_capi_lib_module_id(ctx()), hb_beamr_capi_lib_module_id(other.get()));
}

TEST_F(Module, IsFoundWithoutParsingOnlyIfItIsKnown) {
  const auto bytes = fixture("names");
  const auto size = static_cast<std::uint32_t>(bytes.size());
  EXPECT_EQ(hb_beamr_capi_lib_load_cached_module(ctx(), bytes.data(), size),
            HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED);
  {
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    ASSERT_EQ(load(other.get(), "names"), HB_BEAMR_CAPI_LIB_SUCCESS);
  }
  // The other instance is gone; the module is still kept for the next one.
  EXPECT_EQ(hb_beamr_capi_lib_load_cached_module(ctx(), bytes.data(), size),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
}

TEST_F(Module, DescribesItsImportsAndExports) {
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_import_count(ctx()), 2U);
  hb_beamr_capi_lib_extern_t import{};
  ASSERT_EQ(hb_beamr_capi_lib_get_import(ctx(), 1, &import), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(import.kind, WASM_EXTERN_FUNC);
  EXPECT_EQ(std::string_view(import.module_name, import.module_name_len), "env");
  EXPECT_EQ(std::string_view(import.name, import.name_len), "mixed");
  EXPECT_STREQ(import.signature, "(iIfF)F");

  std::map<std::string, hb_beamr_capi_lib_extern_t> exports;
  for (std::uint32_t i = 0; i < hb_beamr_capi_lib_export_count(ctx()); ++i) {
    hb_beamr_capi_lib_extern_t item{};
    ASSERT_EQ(hb_beamr_capi_lib_get_export(ctx(), i, &item), HB_BEAMR_CAPI_LIB_SUCCESS);
    exports[std::string(item.name, item.name_len)] = item;
  }
  EXPECT_STREQ(exports["swap"].signature, "(iI)Ii");
  EXPECT_EQ(exports["memory"].kind, WASM_EXTERN_MEMORY);
  EXPECT_EQ(exports["memory"].minimum, 1U);
  EXPECT_TRUE(exports["memory"].has_maximum);
  EXPECT_EQ(exports["memory"].maximum, 4U);
  EXPECT_FALSE(exports["memory"].is_64);
  EXPECT_EQ(exports["counter"].kind, WASM_EXTERN_GLOBAL);
  EXPECT_EQ(exports["counter"].value_type, WASM_I64);
  EXPECT_TRUE(exports["counter"].is_mutable);
  EXPECT_FALSE(exports["pi"].is_mutable);
  EXPECT_EQ(exports["__indirect_function_table"].kind, WASM_EXTERN_TABLE);
  EXPECT_EQ(exports["__indirect_function_table"].value_type, WASM_FUNCREF);
  EXPECT_EQ(exports["__indirect_function_table"].minimum, 4U);

  EXPECT_EQ(hb_beamr_capi_lib_get_import(ctx(), 2, &import), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_get_export(ctx(), 99, &import), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_get_export(ctx(), 0, nullptr), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
}

TEST_F(Module, DescribesA64BitMemory) {
  ASSERT_EQ(load(ctx(), "memory64"), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  hb_beamr_capi_lib_extern_t memory{};
  ASSERT_EQ(hb_beamr_capi_lib_get_export(ctx(), 0, &memory), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_TRUE(memory.is_64);
  EXPECT_EQ(memory.maximum, 3U);
}

TEST_F(Module, KeepsNamesThatAreNotWords) {
  ASSERT_EQ(load(ctx(), "names"), HB_BEAMR_CAPI_LIB_SUCCESS);
  hb_beamr_capi_lib_extern_t import{};
  ASSERT_EQ(hb_beamr_capi_lib_get_import(ctx(), 0, &import), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(std::string_view(import.module_name, import.module_name_len), "a b");
  EXPECT_EQ(std::string_view(import.name, import.name_len), "\xC3\xA9");
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  for (const auto& [name, result] :
       std::map<std::string_view, int>{{"", 1}, {"x y", 2}, {"x", 3}}) {
    ASSERT_EQ(start(name), HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(event().values[0].of.i32, result);
  }
  EXPECT_EQ(start("\xE2\x82\xAC"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
}

TEST_F(Module, FindsFunctionsBeyond65535) {
  ModuleBuilder builder;
  for (int i = 0; i < 70000; ++i) {
    builder.add_function({}, {0x7F}, ModuleBuilder::i32_const(i));
  }
  builder.export_function("f4463", 4463);
  builder.export_function("f69999", 69999);
  ASSERT_EQ(load_bytes(builder.bytes()), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("f69999"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 69999);
  ASSERT_EQ(start("f4463"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 4463);
}

TEST_F(Module, SurvivesABrokenNameSection) {
  ModuleBuilder builder;
  builder.add_function({}, {}, {0x00});  // unreachable
  builder.export_function("go", 0);
  // A function name that claims 2^32 - 1 bytes.
  builder.add_custom_section("name", {0x01, 0x07, 0x01, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F});
  ASSERT_EQ(load_bytes(builder.bytes()), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("go"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  ASSERT_EQ(trap().num_frames, 1U);
  EXPECT_EQ(std::string_view(trap().frames[0].name, trap().frames[0].name_len), "go");
}

TEST_F(Module, IgnoresNamesThatAreNotUtf8) {
  ModuleBuilder builder;
  builder.add_function({}, {}, {0x00});
  builder.export_function("go", 0);
  builder.add_custom_section("name", {0x01, 0x05, 0x01, 0x00, 0x02, 0xC0, 0x80});
  ASSERT_EQ(load_bytes(builder.bytes()), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("go"), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(std::string_view(trap().frames[0].name, trap().frames[0].name_len), "go");
}

}  // namespace
}  // namespace hb::beamr::test
