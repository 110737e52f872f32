// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Native stacks for fibers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sanitizer.hpp"  // which ones there are decides on the sizes
#include "thread.hpp"

namespace hb::beamr {

/// Address space of a stack, and its alignment. Only touched pages cost memory: about 4 KiB for a
/// suspended interpreted call, 2 KiB more for each level of nesting.
inline constexpr std::size_t kStackSize = std::size_t{8} << 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented frames are several times as large.
inline constexpr std::size_t kLeastGuestStack = std::size_t{4} << 20;
inline constexpr std::size_t kStackReserve = std::size_t{320} << 10;
#else
/// What a guest may use at least: there is room for 1,000 levels of nesting, because code with invoke_*
/// nests as deep as it calls itself.
inline constexpr std::size_t kLeastGuestStack = std::size_t{2} << 20;
/// Below this the engine stops a guest ("native stack overflow"): room for the engine's C functions, and
/// for what compiled code puts there before it looks. That is at most 24 KiB of arguments and places of
/// results, where the host calls a function, and a frame of AOT_UNCHECKED_FRAME bytes (patch 54).
inline constexpr std::size_t kStackReserve = std::size_t{128} << 10;
#endif
inline constexpr std::size_t kStackGuard = std::size_t{4} << 10;
/// What a guest may use at most.
inline constexpr std::size_t kMostGuestStack = kStackSize - kStackGuard - kStackReserve;

/// A stack of kStackSize bytes, aligned to its size.
struct Stack {
  std::byte* base;

  std::byte* top() const noexcept { return base + kStackSize; }
  /// Where the engine must stop a guest that may use so many bytes, at most kMostGuestStack.
  std::byte* limit(std::size_t guest_stack = kMostGuestStack) const noexcept {
    return top() - guest_stack;
  }
};

/// Hands out stacks. They come from slabs, one mapping for many stacks: a mapping each would pass the
/// kernel's limit (vm.max_map_count) at 30,000 suspended calls.
/// Threads: any.
class StackPool {
 public:
  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// nullptr in `base` if memory is short.
  Stack take() noexcept;
  /// Takes a stack back that nothing runs on.
  void give(Stack stack) noexcept;

  /// Stacks handed out and not given back.
  std::size_t in_use() const noexcept;

 private:
  /// One stack kept for each of some threads, so that calls in a row take no lock.
  struct alignas(64) Slot {
    std::atomic<std::byte*> stack{nullptr};
  };
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kStacksPerSlab = 64;
  /// Free stacks that keep their touched pages; those of others go back to the kernel.
  static constexpr std::size_t kWarmStacks = 64;

  Slot& slot_of_this_thread() noexcept;
  void add_slab() HB_REQUIRES(mutex_);

  std::array<Slot, kSlots> slots_;
  mutable Mutex mutex_;
  std::vector<std::byte*> free_ HB_GUARDED_BY(mutex_);
  std::vector<void*> slabs_ HB_GUARDED_BY(mutex_);
};

}  // namespace hb::beamr
