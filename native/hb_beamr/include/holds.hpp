// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// How long a scheduler is held by the driver at a time.
#pragma once

#include <atomic>
#include <cstdint>

namespace hb::beamr::driver {

/// The longest time that one callback took of a processor, since measuring was switched on. Time in which
/// the system ran something else on it does not count. Threads: any.
class Holds {
 public:
  /// Numbers of callbacks that are no operation of the protocol.
  enum Callback : std::uint32_t { kStop = 1000, kOutput = 1001, kProcessExit = 1002 };

  /// Measures one callback, from its construction to its end.
  class Measured {
   public:
    Measured(Holds& holds, std::uint32_t what) noexcept : holds_(holds), what_(what) {
      if (holds.is_on_.load(std::memory_order_relaxed)) [[unlikely]]
        begin_ = now();
    }
    ~Measured() {
      if (begin_ != 0 && holds_.is_on_.load(std::memory_order_relaxed)) [[unlikely]]
        holds_.note(what_, now() - begin_);
    }
    Measured(const Measured&) = delete;
    Measured& operator=(const Measured&) = delete;

   private:
    Holds& holds_;
    std::uint32_t what_;
    std::uint64_t begin_ = 0;
  };

  /// Forgets what was measured before, by a driver that was not unloaded in between.
  void switch_on(bool on) noexcept;
  /// In nanoseconds; 0 if nothing was measured.
  std::uint64_t longest() const noexcept { return longest_.load(std::memory_order_relaxed); }
  /// The operation or callback that took so long.
  std::uint32_t longest_of() const noexcept { return longest_of_.load(std::memory_order_relaxed); }

 private:
  /// Nanoseconds of processor time of this thread; never 0.
  static std::uint64_t now() noexcept;
  void note(std::uint32_t what, std::uint64_t nanoseconds) noexcept;

  std::atomic<bool> is_on_{false};
  std::atomic<std::uint64_t> longest_{0};
  std::atomic<std::uint32_t> longest_of_{0};
};

}  // namespace hb::beamr::driver
