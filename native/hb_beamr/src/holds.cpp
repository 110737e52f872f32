// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "holds.hpp"

#include <ctime>

namespace hb::beamr::driver {

std::uint64_t Holds::now() noexcept {
  constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNanosPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec) + 1;
}

void Holds::switch_on(bool on) noexcept {
  is_on_.store(false, std::memory_order_relaxed);
  longest_.store(0, std::memory_order_relaxed);
  longest_of_.store(0, std::memory_order_relaxed);
  is_on_.store(on, std::memory_order_relaxed);
}

void Holds::note(std::uint32_t what, std::uint64_t nanoseconds) noexcept {
  std::uint64_t longest = longest_.load(std::memory_order_relaxed);
  while (nanoseconds > longest) {
    if (!longest_.compare_exchange_weak(longest, nanoseconds, std::memory_order_relaxed)) continue;
    longest_of_.store(what, std::memory_order_relaxed);
    return;
  }
}

}  // namespace hb::beamr::driver
