// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Codes of instructions that the rewriting of modules knows by name: chapter 5 of the WebAssembly
// specification; those of legacy exceptions are in the exception handling proposal.
#pragma once

#include <cstdint>

namespace hb::beamr {

enum Opcode : std::uint8_t {
  kOpUnreachable = 0x00,
  kOpBlock = 0x02,
  kOpLoop = 0x03,
  kOpIf = 0x04,
  kOpElse = 0x05,
  kOpTry = 0x06,
  kOpCatch = 0x07,
  kOpThrow = 0x08,
  kOpRethrow = 0x09,
  kOpThrowRef = 0x0A,
  kOpEnd = 0x0B,
  kOpBr = 0x0C,
  kOpBrIf = 0x0D,
  kOpBrTable = 0x0E,
  kOpReturn = 0x0F,
  kOpCall = 0x10,
  kOpCallIndirect = 0x11,
  kOpDelegate = 0x18,
  kOpCatchAll = 0x19,
  kOpDrop = 0x1A,
  kOpSelectTyped = 0x1C,
  kOpTryTable = 0x1F,
  kOpLocalGet = 0x20,
  kOpLocalSet = 0x21,
  kOpLocalTee = 0x22,
  kOpGlobalGet = 0x23,
  kOpGlobalSet = 0x24,
  kOpI32Const = 0x41,
  kOpI64Const = 0x42,
  kOpF32Const = 0x43,
  kOpF64Const = 0x44,
  kOpI32Eqz = 0x45,
  kOpI32Eq = 0x46,
  kOpRefNull = 0xD0,
  kOpRefIsNull = 0xD1,
  kOpMisc = 0xFC,
  kOpVector = 0xFD,
};

/// Of `catch` clauses of a try_table.
enum CatchKind : std::uint8_t {
  kCatch = 0,
  kCatchRef = 1,
  kCatchAll = 2,
  kCatchAllRef = 3,
};

}  // namespace hb::beamr
