// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The thread that notices guests which run for too long.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "emulator.hpp"
#include "slot.hpp"
#include "thread.hpp"

namespace hb::beamr::driver {

/// Looks at all slots every kInterval and asks guests to yield: on a scheduler after kInlineBudget,
/// on a worker after kSlice if other work waits. Looks less often when there is nothing to watch for
/// kHurry, as ten thousand looks a second take a tenth of a processor, and parks after kPatience:
/// whoever comes then has to wake it, which takes microseconds.
///
/// A guest is asked only while it is seen in a slot with guard_ held; whoever destroys an instance
/// passes forget() after it left its last slot. So no instance is destroyed under the ticker, and a
/// thread that runs guests pays for that with nothing but a plain store.
class Ticker {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds kInterval{100};
  static constexpr std::chrono::microseconds kIdleInterval{400};
  static constexpr std::chrono::microseconds kInlineBudget{100};
  static constexpr std::chrono::microseconds kSlice{1000};
  static constexpr std::chrono::milliseconds kHurry{1};
  static constexpr std::chrono::milliseconds kPatience{10};

  Ticker() = default;
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  /// False if the thread cannot be made.
  [[nodiscard]] bool start() noexcept;
  /// Ends the thread and waits for it. After a start() that succeeded.
  void stop() noexcept;

  /// After Slot::enter(), or after work was queued. Never waits longer than for a short lock.
  void wake_if_parked() noexcept {
    if (is_parked_.load(std::memory_order_relaxed)) [[unlikely]]
      wake();
  }
  /// Before an instance is destroyed: afterwards the ticker does not touch it any more.
  void forget() noexcept HB_EXCLUDES(guard_);

  std::uint64_t ticks() const noexcept { return ticks_.load(std::memory_order_relaxed); }
  std::uint64_t parks() const noexcept { return parks_.load(std::memory_order_relaxed); }

 private:
  /// What the ticker remembers of a slot: the run it saw, and since when.
  struct Sight {
    std::uint32_t run = 0;
    Clock::time_point since;
  };

  static void* thread_main(void* self) noexcept;
  void loop();
  /// True if there is something to watch. A run that is seen is worth so many intervals.
  bool look_around(Clock::time_point now, std::uint32_t worth);
  bool look_at(Slot& slot, Sight& sight, Clock::time_point now, std::uint32_t worth);
  bool has_something_to_watch() const noexcept;
  void ask_to_yield(Slot& slot, std::uint32_t run) HB_EXCLUDES(guard_);
  void park() HB_EXCLUDES(park_mutex_);
  void wake() noexcept HB_EXCLUDES(park_mutex_);

  std::array<Sight, Slots::kMaximum> sights_{};
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<std::uint64_t> parks_{0};
  /// Against Slot::running_ and WorkerPool::waiting_ by an asymmetric barrier: see park().
  std::atomic<bool> is_parked_{false};
  std::atomic<bool> is_stopping_{false};
  Mutex guard_;
  Mutex park_mutex_;
  CondVar unparked_;
  ErlDrvTid thread_{};
};

}  // namespace hb::beamr::driver
