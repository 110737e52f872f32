// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where the ticker sees what each thread runs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "asymmetric_barrier.hpp"
#include "counters.hpp"
#include "hb_beamr_capi_lib.h"

namespace hb::beamr::driver {

/// The place of one thread that runs guests: a scheduler or a worker. The owner writes, the ticker
/// reads; cache lines are not shared between owners.
///
/// A run is one stretch of guest code between enter() and leave(). The ticker may ask for the end of
/// the run that it saw; a request that comes late makes a later run yield, which that run's
/// must_yield() recognises as not meant for it.
class alignas(128) Slot {
 public:
  constexpr Slot() noexcept = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /// Begins a run; the caller then looks whether the ticker is parked. The barrier's other side is in
  /// Ticker::park(): either the ticker sees the run, or the caller sees that it parks.
  void enter(hb_beamr_capi_lib_context_t* context) noexcept {
    run_.store(run_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    running_.store(context, std::memory_order_release);
    light_barrier();
  }
  void leave() noexcept { running_.store(nullptr, std::memory_order_release); }
  /// Whether the ticker asked for the end of this run. Pairs with ask_to_yield()'s release.
  bool must_yield() const noexcept {
    return due_run_.load(std::memory_order_acquire) == run_.load(std::memory_order_relaxed);
  }

  /// How many of its intervals the ticker saw a run here since the last time, on average.
  std::uint32_t take_sightings() noexcept {
    if (sightings_.load(std::memory_order_relaxed) == 0) [[likely]]
      return 0;
    return sightings_.exchange(0, std::memory_order_relaxed);
  }

  void count(Counter counter, std::uint64_t amount = 1) noexcept { counts_.add(counter, amount); }

  // For the ticker, and whoever reads the counters.

  hb_beamr_capi_lib_context_t* running() const noexcept {
    return running_.load(std::memory_order_acquire);
  }
  std::uint32_t run() const noexcept { return run_.load(std::memory_order_relaxed); }
  bool is_worker() const noexcept { return is_worker_.load(std::memory_order_relaxed); }
  void saw_run(std::uint32_t worth) noexcept {
    sightings_.fetch_add(worth, std::memory_order_relaxed);
  }
  void mark_due(std::uint32_t run) noexcept { due_run_.store(run, std::memory_order_release); }
  std::uint64_t counted(Counter counter) const noexcept { return counts_.get(counter); }

 private:
  friend class Slots;

  std::atomic<hb_beamr_capi_lib_context_t*> running_{nullptr};
  std::atomic<std::uint32_t> run_{0};
  std::atomic<std::uint32_t> due_run_{0};
  std::atomic<std::uint32_t> sightings_{0};
  std::atomic<bool> is_worker_{false};
  std::atomic<bool> is_taken_{false};
  Counts counts_;
};

/// All slots of the process. They lie in static memory without a destructor: a scheduler keeps its
/// slot as long as it lives, also across unloading where the code stays mapped.
class Slots {
 public:
  /// The emulator has at most 1,024 schedulers, and we twice as many workers.
  static constexpr std::size_t kMaximum = 4096;

  /// This thread's slot; nullptr if there are more than kMaximum threads. For schedulers: taken at
  /// the first call, never given back. Only on a thread's own stack, never on a guest's.
  static Slot* mine() noexcept;
  /// Makes this thread a worker with a slot, until leave_workers().
  static Slot* join_workers() noexcept;
  static void leave_workers() noexcept;

  /// All slots that were ever taken.
  static std::span<Slot> used() noexcept;
  static std::uint64_t sum(Counter counter) noexcept;
  /// Sets the counters to 0. No thread runs a guest.
  static void reset_counters() noexcept;

 private:
  static Slot* take(bool is_worker) noexcept;
};

}  // namespace hb::beamr::driver
