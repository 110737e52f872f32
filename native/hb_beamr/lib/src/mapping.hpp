// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Pages from the kernel.
#pragma once

#include <sys/mman.h>

#include <cstdint>

namespace hb::beamr {

inline constexpr std::uint64_t kSmallMapping = std::uint64_t{1} << 20;

/// Private pages of zeros; nullptr if the kernel has none. Small ones are all alike, whatever they are
/// for: so the kernel merges neighbours, and very many do not pass its limit (vm.max_map_count).
inline void* map_pages(std::uint64_t size, int protection) noexcept {
  void* base = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  // A huge page would make each instance that touches a byte cost 2 MiB.
  if (size <= kSmallMapping) madvise(base, size, MADV_NOHUGEPAGE);
  return base;
}

}  // namespace hb::beamr
