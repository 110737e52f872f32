// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What an instance may use at most, and all together.

#include <gtest/gtest.h>

#include "support/lib_test.hpp"

namespace hb::beamr::test {

namespace {

constexpr std::uint64_t kPage = 65536;

class LimitsTest : public ContextTest {
 protected:
  void TearDown() override {
    hb_beamr_capi_lib_set_total_memory_limit(UINT64_MAX);
    ContextTest::TearDown();
  }

  static hb_beamr_capi_lib_limits_t no_limits() {
    return {.max_memory = UINT64_MAX,
            .max_table_elements = UINT64_MAX,
            .max_call_depth = UINT32_MAX,
            .max_results = UINT32_MAX};
  }

  hb_beamr_capi_lib_rc_t instantiate_with(const hb_beamr_capi_lib_limits_t& limits,
                                          const std::string& name = "limits") {
    EXPECT_EQ(load(ctx(), name), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
    EXPECT_EQ(hb_beamr_capi_lib_set_limits(ctx(), &limits), HB_BEAMR_CAPI_LIB_SUCCESS);
    return hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0);
  }

  std::int32_t grow(const char* function, std::int32_t delta) {
    EXPECT_EQ(start(function, {i32(delta)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
    return event().values[0].of.i32;
  }

  void expect_excess(const std::string& name, std::uint64_t limit, std::uint64_t wanted) {
    hb_beamr_capi_lib_excess_t excess{};
    ASSERT_EQ(hb_beamr_capi_lib_get_excess(ctx(), &excess), HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(excess.name, name);
    EXPECT_EQ(excess.limit, limit);
    EXPECT_EQ(excess.wanted, wanted);
    EXPECT_EQ(error(), "the limit " + name + " is " + std::to_string(limit) + ", wanted is " +
                           std::to_string(wanted));
  }
};

TEST_F(LimitsTest, WithoutLimitsTheModuleDecides) {
  ASSERT_EQ(instantiate_with(no_limits()), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(grow("grow_memory", 6), 2);
  EXPECT_EQ(grow("grow_memory", 1), -1);
  hb_beamr_capi_lib_excess_t excess{};
  ASSERT_EQ(hb_beamr_capi_lib_get_excess(ctx(), &excess), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_STREQ(excess.name, "");
}

TEST_F(LimitsTest, GuestMemoryGrowsUpToTheLimit) {
  auto limits = no_limits();
  limits.max_memory = 5 * kPage - 1;
  ASSERT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(grow("grow_memory", 3), -1);
  EXPECT_EQ(grow("grow_memory", 2), 2);
  EXPECT_EQ(grow("grow_memory", 1), -1);
}

TEST_F(LimitsTest, TheHostIsToldWhichLimitItPasses) {
  auto limits = no_limits();
  limits.max_memory = 5 * kPage;
  ASSERT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 4, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("memory", 5 * kPage, 6 * kPage);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 7, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE)
      << "the module's own maximum";
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 3, nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(LimitsTest, AModuleThatDeclaresMoreMemoryIsNotInstantiated) {
  auto limits = no_limits();
  limits.max_memory = 2 * kPage - 1;
  EXPECT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("memory", 2 * kPage - 1, 2 * kPage);
  EXPECT_EQ(state(), HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED);
  limits.max_memory = 2 * kPage;
  EXPECT_EQ(hb_beamr_capi_lib_set_limits(ctx(), &limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(ctx(), defer(), nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(LimitsTest, AnEmptyMemoryStaysEmptyWithoutRoomForAPage) {
  auto limits = no_limits();
  limits.max_memory = kPage - 1;
  ASSERT_EQ(instantiate_with(limits, "grow_from_zero"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(grow("grow", 1), -1);
  EXPECT_EQ(grow("grow", 0), 0);
}

TEST_F(LimitsTest, AMemoryWithoutAMaximumIsBoundedToo) {
  auto limits = no_limits();
  limits.max_memory = 3 * kPage;
  ASSERT_EQ(instantiate_with(limits, "grow_far"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), UINT64_MAX, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("memory", 3 * kPage, UINT64_MAX);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 2, nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 1, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
}

TEST_F(LimitsTest, TablesAreBounded) {
  auto limits = no_limits();
  limits.max_table_elements = 12;
  ASSERT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(grow("grow_table", 3), -1);
  EXPECT_EQ(grow("grow_table", 2), 10);
  EXPECT_EQ(grow("grow_table", 1), -1);
}

TEST_F(LimitsTest, AModuleThatDeclaresALargerTableIsNotInstantiated) {
  auto limits = no_limits();
  limits.max_table_elements = 9;
  EXPECT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("table_elements", 9, 10);
}

TEST_F(LimitsTest, NestedCallsAreBounded) {
  auto limits = no_limits();
  limits.max_call_depth = 2;
  ASSERT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("ask"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  ASSERT_EQ(start("ask"), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  EXPECT_EQ(start("ask"), HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("call_depth", 2, 3);
  EXPECT_EQ(answer({}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(answer({}), HB_BEAMR_CAPI_LIB_SUCCESS);
}

TEST_F(LimitsTest, ResultsAreBounded) {
  auto limits = no_limits();
  limits.max_results = 2;
  ASSERT_EQ(instantiate_with(limits), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(start("three"), HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("results", 2, 3);
}

TEST_F(LimitsTest, LimitsAreSetBeforeTheInstanceIsMade) {
  instantiate("limits");
  const auto limits = no_limits();
  EXPECT_EQ(hb_beamr_capi_lib_set_limits(ctx(), &limits), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(hb_beamr_capi_lib_set_limits(ctx(), nullptr), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_get_excess(ctx(), nullptr), HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
}

TEST_F(LimitsTest, AllMemoriesTogetherAreBounded) {
  const std::uint64_t before = hb_beamr_capi_lib_total_memory();
  hb_beamr_capi_lib_set_total_memory_limit(before + 5 * kPage);
  ASSERT_EQ(instantiate_with(no_limits()), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_total_memory(), before + 2 * kPage);
  EXPECT_EQ(grow("grow_memory", 4), -1);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 4, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  expect_excess("total_memory", before + 5 * kPage, before + 6 * kPage);
  EXPECT_EQ(grow("grow_memory", 2), 2);

  ContextPtr second(hb_beamr_capi_lib_create_context());
  ASSERT_EQ(load(second.get(), "limits"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_instantiate(second.get(), defer(), nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED);
  EXPECT_EQ(hb_beamr_capi_lib_total_memory(), before + 4 * kPage);
}

TEST_F(LimitsTest, MemoryThatGoesIsGivenBack) {
  const std::uint64_t before = hb_beamr_capi_lib_total_memory();
  {
    ContextPtr other(hb_beamr_capi_lib_create_context());
    ASSERT_EQ(load(other.get(), "limits"), HB_BEAMR_CAPI_LIB_SUCCESS);
    ASSERT_EQ(hb_beamr_capi_lib_instantiate(other.get(), defer(), nullptr, 0),
              HB_BEAMR_CAPI_LIB_SUCCESS);
    ASSERT_EQ(hb_beamr_capi_lib_grow_memory(other.get(), 3, nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(hb_beamr_capi_lib_total_memory(), before + 5 * kPage);
  }
  EXPECT_EQ(hb_beamr_capi_lib_total_memory(), before);
}

}  // namespace

}  // namespace hb::beamr::test
