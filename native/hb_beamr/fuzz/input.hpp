// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The fuzzer's bytes, read as decisions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

namespace hb::beamr::fuzz {

/// Takes numbers and bytes from the front. Where there are none left all numbers are 0, so whoever
/// decides by them lets 0 be the choice that ends soonest.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) noexcept : rest_(bytes) {}

  bool at_end() const noexcept { return rest_.empty(); }

  template <typename Integer>
  Integer take() noexcept {
    Integer value{};
    const auto bytes = take_bytes(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  std::uint8_t byte() noexcept { return take<std::uint8_t>(); }

  /// A number below `count`, of one byte; 0 for a count of 0.
  std::size_t below(std::size_t count) noexcept { return count == 0 ? 0 : byte() % count; }

  bool one_in(std::size_t count) noexcept { return below(count) == count - 1; }

  /// Fewer at the end.
  std::span<const std::uint8_t> take_bytes(std::size_t count) noexcept {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  std::string text(std::size_t count) {
    const auto bytes = take_bytes(count);
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Ends the run like a sanitizer does, so that the fuzzer keeps the input.
#define HB_FUZZ_CHECK(condition)                                                   \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

}  // namespace hb::beamr::fuzz
