// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "stack_pool.hpp"

#include <sys/mman.h>

#include <new>

#include "sanitizer.hpp"

namespace hb::beamr {
namespace {

// Installs guard pages without a mapping of their own (Linux 6.13); older headers lack the name.
constexpr int kMadvGuardInstall = 102;

std::byte* align_up(void* address) noexcept {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return reinterpret_cast<std::byte*>((value + kStackSize - 1) & ~(kStackSize - 1));
}

}  // namespace

StackPool::~StackPool() {
  MutexLock lock(mutex_);
  constexpr std::size_t size = kStackSize * (kStacksPerSlab + 1);
  for (void* slab : slabs_) munmap(slab, size);
}

// The number lives in a thread-local without a destructor: threads may outlive the pool.
[[gnu::noinline]] StackPool::Slot& StackPool::slot_of_this_thread() noexcept {
  static std::atomic<std::uint32_t> next{0};
  static thread_local std::uint32_t number = 0;
  if (number == 0) number = next.fetch_add(1, std::memory_order_relaxed) + 1;
  return slots_[number % kSlots];
}

Stack StackPool::take() noexcept {
  // Pairs with the release in give(): what the last user wrote to the stack is over.
  std::byte* base = slot_of_this_thread().stack.exchange(nullptr, std::memory_order_acquire);
  if (base == nullptr) {
    try {
      MutexLock lock(mutex_);
      if (free_.empty()) add_slab();
      if (free_.empty()) return {nullptr};
      base = free_.back();
      free_.pop_back();
    } catch (const std::bad_alloc&) {
      return {nullptr};
    }
  }
  return {base};
}

void StackPool::give(Stack stack) noexcept {
  sanitizer::unpoison(stack.base + kStackGuard, kStackSize - kStackGuard);
  std::byte* empty = nullptr;
  if (slot_of_this_thread().stack.compare_exchange_strong(
          empty, stack.base, std::memory_order_release, std::memory_order_relaxed)) {
    return;
  }
  MutexLock lock(mutex_);
  if (free_.size() >= kWarmStacks) {
    madvise(stack.base + kStackGuard, kStackSize - kStackGuard, MADV_DONTNEED);
  }
  free_.push_back(stack.base);  // add_slab() reserved room for every stack there is
}

std::size_t StackPool::in_use() const noexcept {
  MutexLock lock(mutex_);
  std::size_t count = slabs_.size() * kStacksPerSlab - free_.size();
  for (const Slot& slot : slots_) {
    if (slot.stack.load(std::memory_order_relaxed) != nullptr) --count;
  }
  return count;
}

void StackPool::add_slab() {
  constexpr std::size_t size = kStackSize * (kStacksPerSlab + 1);  // one more, to align
  slabs_.reserve(slabs_.size() + 1);
  free_.reserve((slabs_.size() + 1) * kStacksPerSlab);
  void* slab = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (slab == MAP_FAILED) return;
  // A huge page would make each suspended call cost 2 MiB.
  madvise(slab, size, MADV_NOHUGEPAGE);
  slabs_.push_back(slab);
  std::byte* base = align_up(slab);
  for (std::size_t i = 0; i < kStacksPerSlab; ++i, base += kStackSize) {
    // Where the kernel is older the engine's own check of the limit has to do.
    madvise(base, kStackGuard, kMadvGuardInstall);
    free_.push_back(base);
  }
}

}  // namespace hb::beamr
