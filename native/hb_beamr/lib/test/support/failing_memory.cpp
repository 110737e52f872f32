// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "failing_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdlib>
#include <new>

#include "validator.h"

namespace hb::beamr::test {
namespace {

/// Places of blocks that were requested while requests were counted. A block of before may be given
/// back meanwhile, so counting alone would not do. On no heap, because this is one.
class Blocks {
 public:
  void add(void* block) noexcept {
    if (block == nullptr) return;
    void** place = std::find(blocks_.data(), blocks_.data() + end_, nullptr);
    if (place == blocks_.data() + blocks_.size()) std::abort();
    if (place == blocks_.data() + end_) ++end_;
    *place = block;
    ++count_;
  }
  void remove(const void* block) noexcept {
    if (block == nullptr) return;
    void** place = std::find(blocks_.data(), blocks_.data() + end_, block);
    if (place == blocks_.data() + end_) return;
    *place = nullptr;
    --count_;
  }
  std::size_t count() const noexcept { return count_; }

 private:
  std::array<void*, 4096> blocks_{};
  std::size_t end_ = 0;
  std::size_t count_ = 0;
};

struct Meter {
  bool is_counting = false;
  bool has_failed = false;
  std::size_t left = 0;  // until the one that fails
  Blocks blocks;
  std::uint64_t mapped = 0;
};

thread_local Meter meter;

/// Whether this request is the one to fail.
bool fails() noexcept {
  if (!meter.is_counting || meter.left == 0 || --meter.left > 0) return false;
  meter.has_failed = true;
  return true;
}

void* noted(void* block) noexcept {
  if (meter.is_counting) meter.blocks.add(block);
  return block;
}

}  // namespace

void fail_request(std::size_t number) {
  meter.is_counting = true;
  meter.has_failed = false;
  meter.left = number;
}

bool end_failing() {
  meter.is_counting = false;
  return meter.has_failed;
}

bool has_request_failed() { return meter.has_failed; }

Held held() { return {meter.blocks.count(), meter.mapped}; }

}  // namespace hb::beamr::test

using hb::beamr::test::fails;
using hb::beamr::test::meter;
using hb::beamr::test::noted;

extern "C" {

void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_realloc(void* block, size_t size);
void __real_free(void* block);
void* __real_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* at, size_t size);
int __real_mprotect(void* at, size_t size, int protection);
void* __real_mremap(void* from, size_t old_size, size_t size, int flags, ...);
int32_t __real_hb_validator_validate(const uint8_t* bytes, size_t len, char* message,
                                     size_t message_len, uint64_t* offset, void* findings);

void* __wrap_malloc(size_t size) { return fails() ? nullptr : noted(__real_malloc(size)); }

void* __wrap_calloc(size_t count, size_t size) {
  return fails() ? nullptr : noted(__real_calloc(count, size));
}

/// Never grows a block while requests are counted: the engine then asks malloc() for another one.
void* __wrap_realloc(void* block, size_t size) {
  if (meter.is_counting) return nullptr;
  meter.blocks.remove(block);
  return __real_realloc(block, size);
}

void __wrap_free(void* block) {
  meter.blocks.remove(block);
  __real_free(block);
}

void* __wrap_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails()) return MAP_FAILED;
  void* mapping = __real_mmap(at, size, protection, flags, file, offset);
  if (meter.is_counting && mapping != MAP_FAILED) meter.mapped += size;
  return mapping;
}

int __wrap_munmap(void* at, size_t size) {
  if (meter.is_counting) meter.mapped -= size;
  return __real_munmap(at, size);
}

int __wrap_mprotect(void* at, size_t size, int protection) {
  return fails() ? -1 : __real_mprotect(at, size, protection);
}

/// With a fixed target only. As the kernel does, it unmaps what was there, even if it then fails.
void* __wrap_mremap(void* from, size_t old_size, size_t size, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void* target = va_arg(rest, void*);
  va_end(rest);
  if (meter.is_counting) meter.mapped -= old_size;
  if (!fails()) return __real_mremap(from, old_size, size, flags, target);
  __real_munmap(target, size);
  return MAP_FAILED;
}

/// Rust ends the process where memory is short: SECURITY.md says so.
int32_t __wrap_hb_validator_validate(const uint8_t* bytes, size_t len, char* message,
                                     size_t message_len, uint64_t* offset, void* findings) {
  const bool was_counting = meter.is_counting;
  meter.is_counting = false;
  const int32_t result =
      __real_hb_validator_validate(bytes, len, message, message_len, offset, findings);
  meter.is_counting = was_counting;
  return result;
}

}  // extern "C"

// The other forms of `new` and `delete`, as those of arrays, end in these.
void* operator new(std::size_t size) {
  void* block = std::malloc(std::max<std::size_t>(size, 1));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(std::max<std::size_t>(size, 1));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  if (fails()) throw std::bad_alloc();
  void* block = noted(std::aligned_alloc(step, (size + step - 1) / step * step));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
