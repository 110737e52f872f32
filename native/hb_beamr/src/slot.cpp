// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "slot.hpp"

namespace hb::beamr::driver {

namespace {

constinit std::array<Slot, Slots::kMaximum> slots;
/// How many of them were ever taken; they are taken from the front.
constinit std::atomic<std::size_t> num_used{0};

// Constant initialization and no destructor: no guard is checked, and nothing is registered to run
// at the thread's end, which would keep the code mapped.
constinit thread_local Slot* my_slot = nullptr;

}  // namespace

Slot* Slots::take(bool is_worker) noexcept {
  for (std::size_t i = 0; i < kMaximum; ++i) {
    Slot& slot = slots[i];
    if (slot.is_taken_.exchange(true, std::memory_order_acquire)) continue;
    slot.is_worker_.store(is_worker, std::memory_order_relaxed);
    std::size_t used = num_used.load(std::memory_order_relaxed);
    while (used <= i && !num_used.compare_exchange_weak(used, i + 1, std::memory_order_release)) {
    }
    return &slot;
  }
  return nullptr;
}

Slot* Slots::mine() noexcept {
  if (my_slot == nullptr) [[unlikely]]
    my_slot = take(false);
  return my_slot;
}

Slot* Slots::join_workers() noexcept {
  my_slot = take(true);
  return my_slot;
}

void Slots::leave_workers() noexcept {
  if (my_slot != nullptr) my_slot->is_taken_.store(false, std::memory_order_release);
  my_slot = nullptr;
}

std::span<Slot> Slots::used() noexcept {
  return std::span(slots).first(num_used.load(std::memory_order_acquire));
}

std::uint64_t Slots::sum(Counter counter) noexcept {
  std::uint64_t sum = 0;
  for (const Slot& slot : used()) sum += slot.counted(counter);
  return sum;
}

void Slots::reset_counters() noexcept {
  for (Slot& slot : used()) slot.counts_.reset();
}

}  // namespace hb::beamr::driver
