// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where the code of a rewritten module comes from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hb::beamr {

/// Offsets in rewritten bytes to those in the module as it was given. Without an entry they are equal.
class OffsetMap {
 public:
  /// From `rewritten` on (not below the entry before) bytes come from `original` on.
  void add(std::uint32_t rewritten, std::uint32_t original) {
    if (!entries_.empty() &&
        rewritten - entries_.back().rewritten == original - entries_.back().original) {
      return;
    }
    entries_.push_back({rewritten, original});
  }

  /// All that was added is that much further back.
  void move(std::uint32_t distance) noexcept {
    for (Entry& entry : entries_) entry.rewritten += distance;
  }

  /// Bytes that were put in count as the instruction behind them.
  std::uint32_t original(std::uint32_t rewritten) const noexcept {
    const auto next = std::upper_bound(
        entries_.begin(), entries_.end(), rewritten,
        [](std::uint32_t offset, const Entry& entry) { return offset < entry.rewritten; });
    if (next == entries_.begin()) return entries_.empty() ? rewritten : 0;
    const Entry& entry = *std::prev(next);
    const std::uint32_t original = entry.original + (rewritten - entry.rewritten);
    return next == entries_.end() ? original : std::min(original, next->original);
  }

 private:
  struct Entry {
    std::uint32_t rewritten;
    std::uint32_t original;
  };
  std::vector<Entry> entries_;
};

}  // namespace hb::beamr
