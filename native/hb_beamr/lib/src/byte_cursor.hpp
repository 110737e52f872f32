// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Reads the primitives of the binary format and never past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hb::beamr {

/// A place in bytes. The first read that does not fit makes it fail for good; it then reads zeros.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::uint8_t> bytes) noexcept : rest_(bytes) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return rest_.empty(); }
  std::size_t left() const noexcept { return rest_.size(); }

  std::uint8_t byte() noexcept {
    if (rest_.empty()) return fail();
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }

  /// An unsigned LEB128 number of at most 64 bits. Signed ones have the same length: skip them with it.
  std::uint64_t leb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const std::uint8_t part = byte();
      if (shift < 64) value |= static_cast<std::uint64_t>(part & 0x7FU) << shift;
      if ((part & 0x80U) == 0) return value;
    }
    return fail();
  }

  std::uint32_t u32() noexcept {
    const std::uint64_t value = leb();
    if (value > UINT32_MAX) return fail();
    return static_cast<std::uint32_t>(value);
  }

  std::span<const std::uint8_t> take(std::size_t count) noexcept {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::string_view name() noexcept {
    const auto bytes = take(u32());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::uint8_t fail() noexcept {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::span<const std::uint8_t> rest_;
  bool failed_ = false;
};

}  // namespace hb::beamr
