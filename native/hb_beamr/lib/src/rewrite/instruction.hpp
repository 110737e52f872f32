// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Reads code one instruction at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "byte_cursor.hpp"

namespace hb::beamr {

/// One instruction, where it stands in the code.
struct Instruction {
  std::uint32_t code = 0;      ///< its first byte; behind a prefix: prefix * 0x10000 + code
  std::uint32_t index = 0;     ///< the first immediate that is an index or a label
  std::size_t begin = 0;       ///< offset in the code
  std::size_t immediates = 0;  ///< offset of the first byte behind the code
  std::size_t end = 0;

  std::span<const std::uint8_t> bytes(std::span<const std::uint8_t> code_bytes) const noexcept {
    return code_bytes.subspan(begin, end - begin);
  }
};

/// Reads instructions of validated code.
class InstructionReader {
 public:
  explicit InstructionReader(std::span<const std::uint8_t> code) noexcept
      : code_(code), in_(code) {}

  bool at_end() const noexcept { return in_.at_end(); }
  std::size_t position() const noexcept { return code_.size() - in_.left(); }
  /// Nothing: an instruction that is not known here, at position().
  std::optional<Instruction> next() noexcept;

 private:
  bool skip_immediates(Instruction& instruction) noexcept;
  bool skip_misc(std::uint32_t code) noexcept;
  bool skip_vector(std::uint32_t code) noexcept;
  void skip_memory_argument() noexcept;

  std::span<const std::uint8_t> code_;
  ByteCursor in_;
};

/// Skips a value type or a block type that is no index, as it stands in code.
void skip_type(ByteCursor& in) noexcept;

}  // namespace hb::beamr
