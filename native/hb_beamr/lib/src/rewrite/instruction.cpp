// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "rewrite/instruction.hpp"

#include "rewrite/opcodes.hpp"
#include "section.hpp"

namespace hb::beamr {

void skip_type(ByteCursor& in) noexcept {
  const std::uint8_t code = in.byte();
  if (code == kTypeNullableRef || code == kTypeRef) {
    in.leb();
  } else if ((code & 0x80U) != 0) {
    in.leb();  // the rest of an index
  }
}

std::optional<Instruction> InstructionReader::next() noexcept {
  const ByteCursor before = in_;
  Instruction instruction;
  instruction.begin = position();
  instruction.code = in_.byte();
  if (instruction.code == kOpMisc || instruction.code == kOpVector) {
    instruction.code = instruction.code << 16 | in_.u32();
  }
  instruction.immediates = position();
  if (!skip_immediates(instruction) || in_.failed()) {
    in_ = before;
    return std::nullopt;
  }
  instruction.end = position();
  return instruction;
}

bool InstructionReader::skip_immediates(Instruction& instruction) noexcept {
  const std::uint32_t code = instruction.code;
  if (code >> 16 == kOpMisc) return skip_misc(code & 0xFFFFU);
  if (code >> 16 == kOpVector) return skip_vector(code & 0xFFFFU);
  if (code >= 0x28 && code <= 0x3E) {  // loads and stores
    skip_memory_argument();
    return true;
  }
  if (code >= 0x45 && code <= 0xC4) return true;  // comparisons, arithmetic, conversions
  switch (code) {
    case kOpUnreachable:
    case 0x01:  // nop
    case kOpElse:
    case kOpThrowRef:
    case kOpEnd:
    case kOpReturn:
    case kOpCatchAll:
    case kOpDrop:
    case 0x1B:  // select
    case kOpRefIsNull:
      return true;
    case kOpBlock:
    case kOpLoop:
    case kOpIf:
    case kOpTry:
    case kOpRefNull:
      skip_type(in_);
      return true;
    case kOpCatch:
    case kOpThrow:
    case kOpRethrow:
    case kOpBr:
    case kOpBrIf:
    case kOpCall:
    case 0x12:  // return_call
    case kOpDelegate:
    case kOpLocalGet:
    case kOpLocalSet:
    case kOpLocalTee:
    case kOpGlobalGet:
    case kOpGlobalSet:
    case 0x25:  // table.get
    case 0x26:  // table.set
    case 0x3F:  // memory.size
    case 0x40:  // memory.grow
    case 0xD2:  // ref.func
      instruction.index = in_.u32();
      return true;
    case kOpI32Const:
    case kOpI64Const:
      in_.leb();
      return true;
    case kOpCallIndirect:
    case 0x13:  // return_call_indirect
      instruction.index = in_.u32();
      in_.u32();
      return true;
    case kOpBrTable:
      for (std::uint64_t labels = std::uint64_t{in_.u32()} + 1; labels > 0 && !in_.failed();
           --labels) {
        in_.u32();
      }
      return true;
    case kOpSelectTyped:
      for (std::uint32_t types = in_.u32(); types > 0 && !in_.failed(); --types) skip_type(in_);
      return true;
    case kOpTryTable:
      skip_type(in_);
      for (std::uint32_t clauses = in_.u32(); clauses > 0 && !in_.failed(); --clauses) {
        const std::uint8_t kind = in_.byte();
        if (kind > kCatchAllRef) return false;
        if (kind == kCatch || kind == kCatchRef) in_.u32();
        in_.u32();
      }
      return true;
    case kOpF32Const:
      in_.take(4);
      return true;
    case kOpF64Const:
      in_.take(8);
      return true;
    default:
      return false;
  }
}

bool InstructionReader::skip_misc(std::uint32_t code) noexcept {
  if (code <= 7) return true;   // saturating conversions
  if (code > 17) return false;  // not accepted by the validator
  in_.u32();
  // memory.init, memory.copy, table.init and table.copy have two.
  if (code == 8 || code == 10 || code == 12 || code == 14) in_.u32();
  return true;
}

bool InstructionReader::skip_vector(std::uint32_t code) noexcept {
  if (code > 0x113) return false;  // behind the last relaxed instruction
  const bool is_access = code <= 11 || code == 92 || code == 93;
  const bool is_lane_access = code >= 84 && code <= 91;
  if (is_access || is_lane_access) skip_memory_argument();
  if (code == 12 || code == 13) in_.take(16);  // v128.const, i8x16.shuffle
  if (is_lane_access || (code >= 21 && code <= 34)) in_.byte();
  return true;
}

void InstructionReader::skip_memory_argument() noexcept {
  if ((in_.u32() & 0x40U) != 0) in_.u32();  // which memory
  in_.leb();
}

}  // namespace hb::beamr
