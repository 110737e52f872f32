// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Linear memory: how much address space it has and how it grows. The engine calls these hooks.
//
// A small memory is mapped as it is: neighbours merge in the kernel, so that 100,000 instances do
// not pass its limit of mappings. A larger one gets the address space of its size class, without
// access beyond its size, and grows in place; when it outgrows the class its pages (not their content)
// are moved to the next. The class follows from size and maximum alone: nothing needs to be kept.
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wamr.hpp"

namespace {

constexpr std::uint64_t kSmall = std::uint64_t{1} << 20;
constexpr std::uint64_t kClasses[] = {std::uint64_t{64} << 20, std::uint64_t{1} << 30,
                                      std::uint64_t{4} << 30};

/// A zero-sized memory needs an address that is not null and never used.
alignas(8) std::byte empty_memory[8];

std::uint64_t reserved_size(std::uint64_t size, std::uint64_t max_size) noexcept {
  if (size <= kSmall) return size;
  for (const std::uint64_t size_class : kClasses) {
    if (size <= size_class) return std::max(size, std::min(size_class, max_size));
  }
  return size;  // beyond 4 GiB the kernel moves it, page tables only
}

void* map(std::uint64_t size, int protection) noexcept {
  void* base = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  // A huge page would make each instance that touches a byte cost 2 MiB.
  if (size <= kSmall) madvise(base, size, MADV_NOHUGEPAGE);
  return base;
}

/// Maps a memory's address space, its first `size` bytes accessible.
void* map_memory(std::uint64_t size, std::uint64_t reserved) noexcept {
  if (reserved == size) return map(size, PROT_READ | PROT_WRITE);
  void* base = map(reserved, PROT_NONE);
  if (base != nullptr && mprotect(base, size, PROT_READ | PROT_WRITE) != 0) {
    munmap(base, reserved);
    return nullptr;
  }
  return base;
}

}  // namespace

extern "C" void* hb_engine_memory_new(std::uint64_t size, std::uint64_t max_size) {
  if (size == 0) return empty_memory;
  return map_memory(size, reserved_size(size, max_size));
}

extern "C" void* hb_engine_memory_grow(void* base, std::uint64_t old_size, std::uint64_t new_size,
                                       std::uint64_t max_size) {
  if (old_size == 0) return hb_engine_memory_new(new_size, max_size);
  const std::uint64_t old_reserved = reserved_size(old_size, max_size);
  const std::uint64_t new_reserved = reserved_size(new_size, max_size);
  if (old_reserved == new_reserved) {
    return mprotect(static_cast<std::byte*>(base) + old_size, new_size - old_size,
                    PROT_READ | PROT_WRITE) == 0
               ? base
               : nullptr;
  }
  void* target = map_memory(new_size, new_reserved);
  if (target == nullptr) return nullptr;
  if (mremap(base, old_size, old_size, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED) {
    // The kernel may have unmapped the first part already, and it may be another thread's by now.
    if (new_reserved > old_size) {
      munmap(static_cast<std::byte*>(target) + old_size, new_reserved - old_size);
    }
    return nullptr;
  }
  if (old_reserved > old_size) {
    munmap(static_cast<std::byte*>(base) + old_size, old_reserved - old_size);
  }
  return target;
}

extern "C" void hb_engine_memory_delete(void* base, std::uint64_t size, std::uint64_t max_size) {
  if (size != 0) munmap(base, reserved_size(size, max_size));
}
