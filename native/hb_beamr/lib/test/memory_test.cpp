// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The host's access to memory and globals.
#include <algorithm>
#include <array>
#include <cstring>

#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

constexpr std::uint64_t kPage = 65536;

class Memory : public ContextTest {
 protected:
  void SetUp() override {
    ContextTest::SetUp();
    instantiate();
  }
  std::uint64_t bytes() {
    std::uint64_t size = 0;
    EXPECT_EQ(hb_beamr_capi_lib_memory_size(ctx(), &size, nullptr), HB_BEAMR_CAPI_LIB_SUCCESS);
    return size;
  }
};

TEST_F(Memory, HasExactlyThePagesThatTheModuleDeclares) {
  std::uint64_t bytes = 0;
  std::uint64_t pages = 0;
  ASSERT_EQ(hb_beamr_capi_lib_memory_size(ctx(), &bytes, &pages), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(bytes, kPage);
  EXPECT_EQ(pages, 1U);
}

TEST_F(Memory, ReadsBackWhatWasWritten) {
  const std::array<char, 5> out{'h', 'e', 'l', 'l', 'o'};
  std::array<char, 5> in{};
  ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), kPage - 5, out.data(), 5),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), kPage - 5, in.data(), 5),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(in, out);
}

TEST_F(Memory, AnEmptyRangeIsAllowedUpToTheEnd) {
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), kPage, nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_write_memory(ctx(), kPage, nullptr, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), kPage + 1, nullptr, 0),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
}

TEST_F(Memory, ARangeBeyondTheEndIsRefusedAndNothingIsTouched) {
  std::array<std::uint8_t, 4> dst{0xAA, 0xAA, 0xAA, 0xAA};
  const std::pair<std::uint64_t, std::uint64_t> ranges[] = {
      {kPage - 3, 4},  {kPage, 1},      {UINT64_MAX - 1, 4},
      {UINT64_MAX, 1}, {0, UINT64_MAX}, {1, UINT64_MAX},
  };
  for (const auto& [offset, len] : ranges) {
    EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), offset, dst.data(), len),
              HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
    EXPECT_EQ(hb_beamr_capi_lib_write_memory(ctx(), offset, dst.data(), len),
              HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
  }
  EXPECT_EQ(dst, (std::array<std::uint8_t, 4>{0xAA, 0xAA, 0xAA, 0xAA}));
  std::array<std::uint8_t, 3> tail{1, 1, 1};
  ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), kPage - 3, tail.data(), 3),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(tail, (std::array<std::uint8_t, 3>{0, 0, 0}));
}

TEST_F(Memory, RefusesNullPointersWithASize) {
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, nullptr, 1),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_write_memory(ctx(), 0, nullptr, 1),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
}

TEST_F(Memory, IsTheGuestsMemoryWhileAnImportWaits) {
  ASSERT_EQ(start("ask_twice", {i32(0)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
  const std::int32_t value = 77;
  ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), 16, &value, 4), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("load", {i32(16)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 77);
}

TEST_F(Memory, GrowsToItsMaximumAndKeepsItsContent) {
  const std::int32_t value = 42;
  ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), 8, &value, 4), HB_BEAMR_CAPI_LIB_SUCCESS);
  std::uint64_t previous = 0;
  ASSERT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 2, &previous), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(previous, 1U);
  EXPECT_EQ(bytes(), 3 * kPage);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 2, &previous),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), UINT64_MAX, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), UINT32_MAX, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(bytes(), 3 * kPage);
  ASSERT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 0, &previous), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(previous, 3U);
  ASSERT_EQ(start("load", {i32(8)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 42);
  ASSERT_EQ(start("load", {i32(3 * kPage - 4)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 0);
  EXPECT_EQ(start("load", {i32(3 * kPage - 3)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
}

TEST_F(Memory, TheGuestGrowsItToo) {
  ASSERT_EQ(start("grow", {i32(3)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 1);
  EXPECT_EQ(bytes(), 4 * kPage);
  ASSERT_EQ(start("grow", {i32(1)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, -1);
}

class Growth : public ContextTest {};

TEST_F(Growth, KeepsContentThroughEverySizeClass) {
  instantiate("grow_far");
  std::uint64_t pages = 0;
  const std::uint32_t marks[] = {0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555};
  const std::uint64_t steps[] = {1, 14, 17, 1000,
                                 16000};  // from 64 KiB past 1 MiB, 64 MiB and 1 GiB
  std::vector<std::pair<std::uint64_t, std::uint32_t>> written;
  for (std::size_t i = 0; i < std::size(steps); ++i) {
    ASSERT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), steps[i], nullptr), HB_BEAMR_CAPI_LIB_SUCCESS)
        << error();
    ASSERT_EQ(hb_beamr_capi_lib_memory_size(ctx(), nullptr, &pages), HB_BEAMR_CAPI_LIB_SUCCESS);
    const std::uint64_t last = pages * kPage - 4;
    ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), last, &marks[i], 4), HB_BEAMR_CAPI_LIB_SUCCESS);
    written.emplace_back(last, marks[i]);
    for (const auto& [offset, mark] : written) {
      std::uint32_t value = 0;
      ASSERT_EQ(hb_beamr_capi_lib_read_memory(ctx(), offset, &value, 4), HB_BEAMR_CAPI_LIB_SUCCESS);
      EXPECT_EQ(value, mark);
    }
  }
}

TEST_F(Growth, StartsFromNothing) {
  instantiate("grow_from_zero");
  std::uint64_t pages = 9;
  ASSERT_EQ(hb_beamr_capi_lib_memory_size(ctx(), nullptr, &pages), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(pages, 0U);
  char byte = 1;
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 1),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS);
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 0), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("grow", {i32(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 0);
  ASSERT_EQ(start("load", {i32(2 * kPage - 4)}), HB_BEAMR_CAPI_LIB_SUCCESS) << error();
  EXPECT_EQ(event().values[0].of.i32, 0);
}

class Memory64 : public ContextTest {};

TEST_F(Memory64, TakesAndGives64BitAddresses) {
  instantiate("memory64");
  const std::int32_t value = 5;
  ASSERT_EQ(hb_beamr_capi_lib_write_memory(ctx(), 400, &value, 4), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(start("load", {i64(400)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i32, 5);
  EXPECT_EQ(start("load", {i64(INT64_C(0x100000190))}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  EXPECT_EQ(start("load", {i64(-1)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED);
  // Only the lower half of that would fit.
  ASSERT_EQ(start("grow", {i64(INT64_C(0x100000001))}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i64, -1);
  std::uint64_t pages = 0;
  ASSERT_EQ(hb_beamr_capi_lib_memory_size(ctx(), nullptr, &pages), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(pages, 1U);
  ASSERT_EQ(start("grow", {i64(2)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i64, 1);
  ASSERT_EQ(start("grow", {i64(INT64_MAX)}), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(event().values[0].of.i64, -1);
}

class NoMemory : public ContextTest {};

TEST_F(NoMemory, IsSaidAsSuch) {
  instantiate("no_memory");
  std::uint64_t bytes = 9;
  std::uint64_t pages = 9;
  EXPECT_EQ(hb_beamr_capi_lib_memory_size(ctx(), &bytes, &pages),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(pages, 0U);
  char byte = 0;
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 1),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  EXPECT_EQ(error(), "the module has no memory");
  EXPECT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 1, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE);
  std::uint32_t function = 0;
  EXPECT_EQ(hb_beamr_capi_lib_find_table_function(ctx(), 0, &function),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(error(), "the module exports no function table");
}

TEST_F(NoMemory, NeedsAnInstance) {
  char byte = 0;
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 1),
            HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED);
  ASSERT_EQ(load(ctx(), "basics"), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_read_memory(ctx(), 0, &byte, 1),
            HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED);
  EXPECT_EQ(error(), "reading memory needs an instance: instantiate first");
  EXPECT_EQ(start("add", {i32(1), i32(1)}), HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED);
  wasm_val_t value{};
  EXPECT_EQ(hb_beamr_capi_lib_get_global(ctx(), "pi", 2, &value),
            HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED);
}

using Global = Memory;

TEST_F(Global, IsReadAndWritten) {
  wasm_val_t value{};
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "counter", 7, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.kind, WASM_I64);
  EXPECT_EQ(value.of.i64, 7);
  const wasm_val_t next = i64(INT64_MIN);
  ASSERT_EQ(hb_beamr_capi_lib_set_global(ctx(), "counter", 7, &next), HB_BEAMR_CAPI_LIB_SUCCESS);
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "counter", 7, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.of.i64, INT64_MIN);
  ASSERT_EQ(hb_beamr_capi_lib_get_global(ctx(), "pi", 2, &value), HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(value.of.f64, 3.25);
}

TEST_F(Global, IsCheckedBeforeItIsWritten) {
  const wasm_val_t wrong = i32(1);
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "counter", 7, &wrong),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "global 'counter' is of type i64, the value is of type i32");
  const wasm_val_t three = f64(3);
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "pi", 2, &three),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(error(), "global 'pi' is immutable");
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "tau", 3, &three),
            HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED);
  EXPECT_EQ(error(), "no exported global 'tau'");
  EXPECT_EQ(hb_beamr_capi_lib_set_global(ctx(), "pi", 2, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  EXPECT_EQ(hb_beamr_capi_lib_get_global(ctx(), "pi", 2, nullptr),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
}

/// So far that it moves.
TEST_F(ContextTest, AMemoryThatTheHostLetsGrowDuringAnImportIsTheGuestsAtOnce) {
  instantiate("host_grows");
  for (const char* name : {"before and after", "through another function"}) {
    std::uint64_t before = 0;
    hb_beamr_capi_lib_memory_size(ctx(), &before, nullptr);
    const auto far = static_cast<std::int32_t>(before + 3000 * kPage - 4);
    ASSERT_EQ(start(name, {i32(16), i32(far)}), HB_BEAMR_CAPI_LIB_AWAITING_IMPORT);
    ASSERT_EQ(hb_beamr_capi_lib_grow_memory(ctx(), 3000, &before), HB_BEAMR_CAPI_LIB_SUCCESS);
    ASSERT_EQ(answer({}), HB_BEAMR_CAPI_LIB_SUCCESS) << name << ": " << error();
    EXPECT_EQ(event().values[0].of.i32, 15) << name;
  }
}

/// addresses.wat: what is known of an address is not taken for another's.
TEST_F(ContextTest, NoAddressPassesForAnother) {
  instantiate("addresses");
  const std::uint32_t count = hb_beamr_capi_lib_export_count(ctx());
  ASSERT_GE(count, 34U);
  for (std::uint32_t i = 0; i < count; ++i) {
    hb_beamr_capi_lib_extern_t exported{};
    hb_beamr_capi_lib_get_export(ctx(), i, &exported);
    const std::string name(exported.name, exported.name_len);
    EXPECT_EQ(start(name, {i32(0), i32(16)}), HB_BEAMR_CAPI_LIB_SUCCESS) << name << ": " << error();
    for (const std::int32_t far : {-1, -16, -65536, INT32_MIN}) {
      EXPECT_EQ(start(name, {i32(0), i32(far)}), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED)
          << name << " with " << far;
      EXPECT_EQ(error(), "Exception: out of bounds memory access") << name << " with " << far;
    }
  }
}

TEST_F(ContextTest, NoAddressPassesForOneInMemory) {
  instantiate("addresses64");
  const std::uint32_t count = hb_beamr_capi_lib_export_count(ctx());
  ASSERT_GE(count, 30U);
  for (std::uint32_t i = 0; i < count; ++i) {
    hb_beamr_capi_lib_extern_t exported{};
    hb_beamr_capi_lib_get_export(ctx(), i, &exported);
    const std::string name(exported.name, exported.name_len);
    EXPECT_EQ(start(name), HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED) << name;
    EXPECT_EQ(error(), "Exception: out of bounds memory access") << name;
  }
}

}  // namespace
}  // namespace hb::beamr::test
