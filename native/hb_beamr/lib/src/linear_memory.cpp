// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Linear memory: how much address space it has and how it grows. The engine calls these hooks.
//
// A small memory is mapped as it is: neighbours merge in the kernel, so that 100,000 instances do
// not pass its limit of mappings. A larger one gets the address space of its size class, without
// access beyond its size, and grows in place; when it outgrows the class its pages (not their content)
// are moved to the next. The class follows from size and maximum alone: nothing needs to be kept.
#include "linear_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "mapping.hpp"
#include "wamr.hpp"

namespace {

using hb::beamr::map_pages;

constexpr std::uint64_t kSmall = hb::beamr::kSmallMapping;
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

/// Maps a memory's address space, its first `size` bytes accessible.
void* map_memory(std::uint64_t size, std::uint64_t reserved) noexcept {
  if (reserved == size) return map_pages(size, PROT_READ | PROT_WRITE);
  void* base = map_pages(reserved, PROT_NONE);
  if (base != nullptr && mprotect(base, size, PROT_READ | PROT_WRITE) != 0) {
    munmap(base, reserved);
    return nullptr;
  }
  return base;
}

}  // namespace

namespace hb::beamr {
namespace {

std::atomic<std::uint64_t> total{0};
std::atomic<std::uint64_t> limit{UINT64_MAX};

/// Takes a share of what all memories may be together, until keep().
class Share {
 public:
  explicit Share(std::uint64_t bytes) noexcept : bytes_(bytes) {
    std::uint64_t before = total.load(std::memory_order_relaxed);
    do {
      const std::uint64_t allowed = limit.load(std::memory_order_relaxed);
      if (before > allowed || bytes > allowed - before) return;
    } while (!total.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
    has_it_ = true;
  }
  ~Share() {
    if (has_it_) total.fetch_sub(bytes_, std::memory_order_relaxed);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  explicit operator bool() const noexcept { return has_it_; }
  void keep() noexcept { has_it_ = false; }

 private:
  std::uint64_t bytes_;
  bool has_it_ = false;
};

thread_local std::span<const std::uint8_t> next_image;

void* new_memory(std::uint64_t size, std::uint64_t max_size) noexcept {
  const auto image = std::exchange(next_image, {});
  void* base = size == 0 ? empty_memory : map_memory(size, reserved_size(size, max_size));
  if (base != nullptr && !image.empty() && image.size() <= size) {
    std::memcpy(base, image.data(), image.size());
  }
  return base;
}

void* grown_memory(void* base, std::uint64_t old_size, std::uint64_t new_size,
                   std::uint64_t max_size) noexcept {
  if (old_size == 0) return new_memory(new_size, max_size);
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

}  // namespace

void set_next_memory_image(std::span<const std::uint8_t> image) noexcept { next_image = image; }

std::uint64_t linear_memory_total() noexcept { return total.load(std::memory_order_relaxed); }
std::uint64_t linear_memory_limit() noexcept { return limit.load(std::memory_order_relaxed); }
void set_linear_memory_limit(std::uint64_t bytes) noexcept {
  limit.store(bytes, std::memory_order_relaxed);
}

}  // namespace hb::beamr

extern "C" void* hb_engine_memory_new(std::uint64_t size, std::uint64_t max_size) {
  hb::beamr::Share share(size);
  if (!share) return nullptr;
  void* base = hb::beamr::new_memory(size, max_size);
  if (base != nullptr) share.keep();
  return base;
}

extern "C" void* hb_engine_memory_grow(void* base, std::uint64_t old_size, std::uint64_t new_size,
                                       std::uint64_t max_size) {
  hb::beamr::Share share(new_size - old_size);
  if (!share) return nullptr;
  void* grown = hb::beamr::grown_memory(base, old_size, new_size, max_size);
  if (grown != nullptr) share.keep();
  return grown;
}

extern "C" void hb_engine_memory_delete(void* base, std::uint64_t size, std::uint64_t max_size) {
  if (size == 0) return;
  munmap(base, reserved_size(size, max_size));
  hb::beamr::total.fetch_sub(size, std::memory_order_relaxed);
}
