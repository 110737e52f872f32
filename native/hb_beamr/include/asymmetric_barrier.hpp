// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A memory barrier whose cost is all on one side.
#pragma once

#include <atomic>

namespace hb::beamr::driver {

/// Two threads each write a flag and then read the other's: with a light_barrier() between the two on one
/// side and a heavy_barrier() on the other, at least one of them sees the other's flag. The light side
/// costs nothing, which pays where it is passed a million times for each pass of the heavy one.
inline void light_barrier() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// Makes every other thread of the process pass a full barrier (membarrier(2), some microseconds). False
/// if the system cannot: then nothing may be concluded.
[[nodiscard]] bool heavy_barrier() noexcept;

/// Once, before the first heavy_barrier().
void prepare_heavy_barrier() noexcept;

}  // namespace hb::beamr::driver
