// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the node has done so far.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "reply.hpp"

namespace hb::beamr::driver {

/// Counted by each thread in its own slot, summed when somebody asks.
enum class Counter : std::uint8_t {
  kCalls,
  kImports,
  kTraps,
  kMigrations,
  kRequeues,
  kPending,
  kQueued,
  kTimeouts,
  kInlineTicks,   ///< Times the ticker saw a guest run on a scheduler.
  kWorkerMicros,  ///< Guests' time on workers.
  kEnd,           ///< Their number.
};
inline constexpr std::size_t kNumCounters = static_cast<std::size_t>(Counter::kEnd);

/// One thread at a time adds; any thread reads.
class Counts {
 public:
  constexpr Counts() noexcept = default;

  void add(Counter counter, std::uint64_t amount) noexcept {
    std::atomic<std::uint64_t>& cell = cells_[static_cast<std::size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const noexcept {
    return cells_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }
  void reset() noexcept {
    for (auto& cell : cells_) cell.store(0, std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kNumCounters> cells_{};
};

/// A name and a number of COUNTERS and INFO.
using NamedNumber = std::pair<std::string_view, std::uint64_t>;
/// Answers OK with names and numbers.
void report(std::span<const NamedNumber> numbers, Reply& reply) noexcept;

}  // namespace hb::beamr::driver
