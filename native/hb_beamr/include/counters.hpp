// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the node has done so far.
#pragma once

#include <cstddef>
#include <cstdint>

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
  kEnd,  ///< Their number.
};
inline constexpr std::size_t kNumCounters = static_cast<std::size_t>(Counter::kEnd);

/// Answers COUNTERS.
void report_counters(Reply& reply) noexcept;

}  // namespace hb::beamr::driver
