// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the sanitizers must be told about stacks; nothing in other builds.
#pragma once

#include <cstddef>

#if !defined(__SANITIZE_ADDRESS__) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace hb::beamr::sanitizer {

/// Whether one watches memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsOn = true;
#else
inline constexpr bool kIsOn = false;
#endif

/// A recycled stack still carries the marks of frames that were never returned from.
inline void unpoison([[maybe_unused]] void* start, [[maybe_unused]] std::size_t size) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(start, size);
#endif
}

/// The two stacks of a fiber as the sanitizers see them: its own and its host's of the moment.
class StackSwitch {
 public:
  void fiber_created() noexcept {
#if defined(__SANITIZE_THREAD__)
    fiber_ = __tsan_create_fiber(0);
#endif
  }
  void fiber_gone() noexcept {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(fiber_);
#endif
  }

  void before_enter([[maybe_unused]] void* base, [[maybe_unused]] std::size_t size) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&host_fake_stack_, base, size);
#endif
#if defined(__SANITIZE_THREAD__)
    host_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber_, 0);
#endif
  }
  void after_enter() noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(host_fake_stack_, nullptr, nullptr);
#endif
  }

  /// On the fiber, first thing.
  void arrived() noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &host_base_, &host_size_);
#endif
  }
  void before_leave([[maybe_unused]] bool for_good) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber_fake_stack_, host_base_, host_size_);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(host_, 0);
#endif
  }
  void after_leave() noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fiber_fake_stack_, &host_base_, &host_size_);
#endif
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  void* host_fake_stack_ = nullptr;
  void* fiber_fake_stack_ = nullptr;
  const void* host_base_ = nullptr;
  std::size_t host_size_ = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* fiber_ = nullptr;
  void* host_ = nullptr;
#endif
};

}  // namespace hb::beamr::sanitizer
