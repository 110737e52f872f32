// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of the C API share: fixtures by name, a context, calls in one line.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hb_beamr_capi_lib.h"

namespace hb::beamr::test {

/// Whether the tests run once more, with compiled code.
inline bool is_compiled() { return std::getenv("HB_BEAMR_TEST_COMPILED") != nullptr; }

/// A module in the form that a test is about: "wasm" or "aot".
inline std::vector<std::uint8_t> fixture_file(const std::string& name, const char* form) {
  std::ifstream file(std::string(HB_BEAMR_FIXTURE_DIR) + "/" + name + "." + form, std::ios::binary);
  EXPECT_TRUE(file) << "no fixture " << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::vector<std::uint8_t> fixture(const std::string& name) {
  return fixture_file(name, is_compiled() ? "aot" : "wasm");
}

inline wasm_val_t i32(std::int32_t value) {
  wasm_val_t val{};
  val.kind = WASM_I32;
  val.of.i32 = value;
  return val;
}
inline wasm_val_t i64(std::int64_t value) {
  wasm_val_t val{};
  val.kind = WASM_I64;
  val.of.i64 = value;
  return val;
}
inline wasm_val_t f32(float value) {
  wasm_val_t val{};
  val.kind = WASM_F32;
  val.of.f32 = value;
  return val;
}
inline wasm_val_t f64(double value) {
  wasm_val_t val{};
  val.kind = WASM_F64;
  val.of.f64 = value;
  return val;
}

struct ContextDeleter {
  void operator()(hb_beamr_capi_lib_context_t* ctx) const {
    hb_beamr_capi_lib_destroy_context(ctx);
  }
};
using ContextPtr = std::unique_ptr<hb_beamr_capi_lib_context_t, ContextDeleter>;

/// The engine runs while a test runs.
class RuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(hb_beamr_capi_lib_init_runtime_global(nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  }
  void TearDown() override { hb_beamr_capi_lib_destroy_runtime_global(); }

  static void* defer() { return reinterpret_cast<void*>(&hb_beamr_capi_lib_defer_import); }

  static hb_beamr_capi_lib_rc_t load(hb_beamr_capi_lib_context_t* ctx, const std::string& name) {
    const auto bytes = fixture(name);
    return hb_beamr_capi_lib_load_wasm_module(ctx, bytes.data(),
                                              static_cast<std::uint32_t>(bytes.size()));
  }
};

/// A context of its own, with an instance of basics.wat whose imports are deferred.
class ContextTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    ctx_.reset(hb_beamr_capi_lib_create_context());
    ASSERT_TRUE(ctx_);
  }
  void TearDown() override {
    ctx_.reset();
    RuntimeTest::TearDown();
  }

  hb_beamr_capi_lib_context_t* ctx() { return ctx_.get(); }
  std::string error() { return hb_beamr_capi_lib_get_last_error(ctx()); }
  hb_beamr_capi_lib_state_t state() { return hb_beamr_capi_lib_get_state(ctx()); }
  const hb_beamr_capi_lib_event_t& event() { return *hb_beamr_capi_lib_get_event(ctx()); }

  void instantiate(const std::string& name = "basics") {
    ASSERT_EQ(load(ctx(), name), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
    ASSERT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
  }

  std::uint32_t function(std::string_view name) {
    std::uint32_t index = 0;
    EXPECT_EQ(hb_beamr_capi_lib_find_function(ctx(), name.data(), name.size(), &index),
              HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    return index;
  }

  hb_beamr_capi_lib_rc_t start(std::string_view name, std::initializer_list<wasm_val_t> args = {}) {
    return hb_beamr_capi_lib_start_call(ctx(), function(name),
                                        static_cast<std::uint32_t>(args.size()), args.begin());
  }

  hb_beamr_capi_lib_rc_t answer(std::initializer_list<wasm_val_t> results) {
    std::vector<wasm_val_t> values(results);
    return hb_beamr_capi_lib_resolve_import(ctx(), static_cast<std::uint32_t>(values.size()),
                                            values.data());
  }

  hb_beamr_capi_lib_trap_t trap() {
    hb_beamr_capi_lib_trap_t out{};
    EXPECT_EQ(hb_beamr_capi_lib_get_trap(ctx(), &out), HB_BEAMR_CAPI_LIB_SUCCESS);
    return out;
  }

 private:
  ContextPtr ctx_;
};

}  // namespace hb::beamr::test
