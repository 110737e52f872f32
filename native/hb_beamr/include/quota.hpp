// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Something that the node has a limited number of.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace hb::beamr::driver {

/// How many there are and how many there may be. Threads: any.
class Quota {
 public:
  /// One of them, or none; given back with this object.
  class Share {
   public:
    Share() noexcept = default;
    explicit Share(Quota& quota) noexcept : quota_(quota.take() ? &quota : nullptr) {}
    Share(Share&& other) noexcept : quota_(std::exchange(other.quota_, nullptr)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(quota_, other.quota_);
      return *this;
    }
    ~Share() {
      if (quota_ != nullptr) quota_->used_.fetch_sub(1, std::memory_order_relaxed);
    }

    /// Whether there was one left.
    explicit operator bool() const noexcept { return quota_ != nullptr; }

   private:
    Quota* quota_ = nullptr;
  };

  static constexpr std::uint64_t kUnlimited = UINT64_MAX;

  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  /// What is in use already stays so.
  void set_limit(std::uint64_t limit) noexcept { limit_.store(limit, std::memory_order_relaxed); }

 private:
  bool take() noexcept {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used >= limit()) return false;
    } while (!used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return true;
  }

  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> limit_{kUnlimited};
};

}  // namespace hb::beamr::driver
