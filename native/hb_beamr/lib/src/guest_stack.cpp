// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where the frames of guests lie: the interpreter's stack of each instance. The engine calls these hooks.

#include "guest_stack.hpp"

#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdlib>

#include "mapping.hpp"
#include "sanitizer.hpp"
#include "thread.hpp"
#include "wamr.hpp"

namespace hb::beamr {
namespace {

/// Below this the allocator has them in its heap.
constexpr std::uint32_t kLeastMapped = 64U << 10;

/// Some stacks that were given back, of one size: an instance that is started and stopped again and
/// again finds its pages touched already.
class WarmStacks {
 public:
  constexpr WarmStacks() noexcept = default;

  void* take(std::uint32_t size) noexcept HB_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return size == size_ && count_ > 0 ? stacks_[--count_] : nullptr;
  }
  bool keep(void* stack, std::uint32_t size) noexcept HB_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (count_ == 0) size_ = size;
    if (size != size_ || count_ == stacks_.size()) return false;
    stacks_[count_++] = stack;
    return true;
  }
  void release() noexcept HB_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (count_ > 0) munmap(stacks_[--count_], size_);
  }

 private:
  Mutex mutex_;
  std::array<void*, 16> stacks_ HB_GUARDED_BY(mutex_){};
  std::size_t count_ HB_GUARDED_BY(mutex_) = 0;
  std::uint32_t size_ HB_GUARDED_BY(mutex_) = 0;
};

constinit WarmStacks warm_stacks;

bool is_mapped(std::uint32_t size) noexcept {
  // A sanitizer sees what passes the end of an allocation, but not of a mapping.
  return size >= kLeastMapped && !sanitizer::kIsOn;
}

}  // namespace

void release_guest_stacks() noexcept { warm_stacks.release(); }

}  // namespace hb::beamr

using hb::beamr::is_mapped;
using hb::beamr::warm_stacks;

extern "C" void* hb_engine_stack_new(std::uint32_t size) {
  if (!is_mapped(size)) return std::malloc(size);
  void* stack = warm_stacks.take(size);
  return stack != nullptr ? stack : hb::beamr::map_pages(size, PROT_READ | PROT_WRITE);
}

extern "C" void hb_engine_stack_delete(void* base, std::uint32_t size) {
  if (!is_mapped(size)) return std::free(base);
  if (!warm_stacks.keep(base, size)) munmap(base, size);
}
