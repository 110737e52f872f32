// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "stack_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace hb::beamr {
namespace {

TEST(StackPool, GivesDistinctStacksAlignedToTheirSize) {
  StackPool pool;
  std::set<std::byte*> seen;
  for (int i = 0; i < 200; ++i) {
    const Stack stack = pool.take();
    ASSERT_NE(stack.base, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(stack.base) % kStackSize, 0U);
    EXPECT_TRUE(seen.insert(stack.base).second);
    std::memset(stack.limit(), 0xAB, static_cast<std::size_t>(stack.top() - stack.limit()));
  }
  EXPECT_EQ(pool.in_use(), 200U);
  for (std::byte* base : seen) pool.give({base});
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(StackPool, UsesAStackAgain) {
  StackPool pool;
  const Stack first = pool.take();
  pool.give(first);
  const Stack second = pool.take();
  EXPECT_EQ(first.base, second.base);
  pool.give(second);
}

TEST(StackPool, TakesStacksBackFromAnyThread) {
  StackPool pool;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool] {
      for (int i = 0; i < 500; ++i) {
        std::vector<Stack> taken;
        for (int k = 0; k < 5; ++k) taken.push_back(pool.take());
        for (const Stack& stack : taken) *stack.limit() = std::byte{1};
        std::thread([&] {
          for (const Stack& stack : taken) pool.give(stack);
        }).join();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace hb::beamr
