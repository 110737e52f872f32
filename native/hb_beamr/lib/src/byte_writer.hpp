// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Writes the primitives of the binary format.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace hb::beamr {

/// A piece of a module.
struct ByteWriter : std::vector<std::uint8_t> {
  using vector::vector;

  ByteWriter& op(std::initializer_list<int> codes) {
    for (const int code : codes) push_back(static_cast<std::uint8_t>(code));
    return *this;
  }
  /// An unsigned LEB128 number.
  ByteWriter& leb(std::uint64_t value) {
    for (; value > 0x7F; value >>= 7) push_back(static_cast<std::uint8_t>(value | 0x80));
    push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  ByteWriter& signed_leb(std::int64_t value) {
    for (; value < -64 || value > 63; value >>= 7) {
      push_back(static_cast<std::uint8_t>(value | 0x80));
    }
    push_back(static_cast<std::uint8_t>(value & 0x7F));
    return *this;
  }
  template <typename Range>
  ByteWriter& raw(const Range& bytes) {
    insert(end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// The bytes behind their number.
  template <typename Range>
  ByteWriter& sized(const Range& bytes) {
    return leb(bytes.size()).raw(bytes);
  }
  /// Nothing if the content is empty.
  ByteWriter& section(std::uint8_t id, std::span<const std::uint8_t> content) {
    if (content.empty()) return *this;
    push_back(id);
    return sized(content);
  }
};

}  // namespace hb::beamr
