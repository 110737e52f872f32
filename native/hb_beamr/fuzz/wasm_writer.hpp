// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The primitives of the binary format, to write.
#pragma once

#include <cstdint>

#include "byte_writer.hpp"

namespace hb::beamr::fuzz {

enum Type : std::uint8_t {
  kI32 = 0x7F,
  kI64 = 0x7E,
  kF32 = 0x7D,
  kF64 = 0x7C,
  kFuncref = 0x70,
  kExternref = 0x6F,
  kExnref = 0x69,
};

using Bytes = ByteWriter;

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
