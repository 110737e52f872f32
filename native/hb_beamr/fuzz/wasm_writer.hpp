// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The primitives of the binary format, to write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace hb::beamr::fuzz {

enum Type : std::uint8_t {
  kI32 = 0x7F,
  kI64 = 0x7E,
  kF32 = 0x7D,
  kF64 = 0x7C,
  kFuncref = 0x70,
  kExternref = 0x6F,
};

/// A piece of a module.
struct Bytes : std::vector<std::uint8_t> {
  using vector::vector;

  Bytes& op(std::initializer_list<int> codes) {
    for (const int code : codes) push_back(static_cast<std::uint8_t>(code));
    return *this;
  }
  Bytes& leb(std::uint64_t value) {
    for (; value > 0x7F; value >>= 7) push_back(static_cast<std::uint8_t>(value | 0x80));
    push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Bytes& signed_leb(std::int64_t value) {
    for (; value < -64 || value > 63; value >>= 7) {
      push_back(static_cast<std::uint8_t>(value | 0x80));
    }
    push_back(static_cast<std::uint8_t>(value & 0x7F));
    return *this;
  }
  template <typename Range>
  Bytes& raw(const Range& bytes) {
    insert(end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <typename Range>
  Bytes& sized(const Range& bytes) {
    return leb(bytes.size()).raw(bytes);
  }
};

/// A vector of the format: counts what is added.
struct Items {
  std::uint32_t count = 0;
  Bytes bytes;

  Bytes& add() {
    ++count;
    return bytes;
  }
  void put_section(std::uint8_t id, Bytes& module) const {
    if (count == 0) return;
    module.op({id}).sized(Bytes().leb(count).raw(bytes));
  }
};

}  // namespace hb::beamr::fuzz
