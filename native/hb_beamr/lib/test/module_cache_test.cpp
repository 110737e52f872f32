// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module_cache.hpp"

#include "import_trampoline.hpp"
#include "support/lib_test.hpp"
#include "support/module_builder.hpp"

namespace hb::beamr::test {
namespace {

class Cache : public RuntimeTest {
 protected:
  void TearDown() override {
    cache_.clear();  // while there is an engine that frees modules
    RuntimeTest::TearDown();
  }

  /// A module that differs from others by one number.
  static Bytes bytes_of(std::int32_t number) {
    ModuleBuilder builder;
    builder.add_function({}, {0x7F}, ModuleBuilder::i32_const(number));
    return builder.bytes();
  }
  static ModulePtr prepare(const Bytes& bytes) {
    auto module =
        hb::beamr::Module::prepare({bytes}, reinterpret_cast<void*>(&hb_beamr_import_trampoline));
    EXPECT_TRUE(module);
    return std::move(*module);
  }

  ModulePtr find(const Bytes& bytes) { return cache_.find({bytes}); }

  ModuleCache cache_;
};

TEST_F(Cache, FindsEqualBytesOnly) {
  const ModulePtr one = cache_.add(prepare(bytes_of(1)));
  EXPECT_EQ(find(bytes_of(1)), one);
  EXPECT_EQ(find(bytes_of(2)), nullptr);
}

TEST_F(Cache, TellsForcedLoweringApart) {
  const Bytes bytes = bytes_of(1);
  const ModulePtr one = cache_.add(prepare(bytes));
  EXPECT_EQ(cache_.find({.bytes = bytes, .force_lowering = true}), nullptr);
}

TEST_F(Cache, KeepsTheFirstOfTwoEqualModules) {
  const ModulePtr first = cache_.add(prepare(bytes_of(1)));
  EXPECT_EQ(cache_.add(prepare(bytes_of(1))), first);
}

TEST_F(Cache, ForgetsTheLeastRecentlyUsedWithoutAnInstance) {
  const ModulePtr held = cache_.add(prepare(bytes_of(0)));
  cache_.add(prepare(bytes_of(1)));
  for (std::int32_t i = 2; i < 70; ++i) {
    EXPECT_NE(find(bytes_of(1)), nullptr);  // used again and again
    cache_.add(prepare(bytes_of(i)));
  }
  EXPECT_EQ(find(bytes_of(0)), held);  // somebody has it
  EXPECT_NE(find(bytes_of(1)), nullptr);
  EXPECT_EQ(find(bytes_of(2)), nullptr);
  EXPECT_NE(find(bytes_of(69)), nullptr);
}

TEST_F(Cache, LetsGoOfAllWhenCleared) {
  cache_.add(prepare(bytes_of(1)));
  cache_.clear();
  EXPECT_EQ(find(bytes_of(1)), nullptr);
}

}  // namespace
}  // namespace hb::beamr::test
