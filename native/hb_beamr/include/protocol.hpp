// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The numbers of docs/protocol.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hb::beamr::driver {

/// The first byte of an answer.
enum class Tag : std::uint8_t {
  kOk = 0,
  kCompleted = 1,
  kImport = 2,
  kPending = 3,
  kError = 4,
  kQueued = 5,
  kTurn = 6,
  kDelivery = 7,
  kDelivered = 8,
  kTrapped = 9,
};

/// The second byte of an answer that begins with Tag::kError.
enum class ErrorCode : std::uint8_t {
  kTrap = 1,
  kCancelled = 2,
  kInvalidArgs = 3,
  kUnknownFunction = 4,
  kBadModule = 5,
  kLink = 6,
  kInstantiate = 7,
  kBadResult = 8,
  kOutOfBounds = 9,
  kNoMemory = 10,
  kInvalidState = 11,
  kNotHolder = 12,
  kSystemLimit = 13,
  kBadarg = 14,
  kUnknownGlobal = 15,
  kInternal = 16,
  kLimit = 17,
  kStaleToken = 18,
  kUnknownTable = 19,
  kUnknownTag = 20,
  kNotCompiled = 21,
};

/// The operation of erlang:port_control/3.
enum class Operation : std::uint32_t {
  kLoad = 1,
  kInstantiate = 2,
  kDescribe = 3,
  kCall = 4,
  kCallFunction = 5,
  kCallTable = 6,
  kAnswer = 7,
  kTrap = 8,
  kRead = 9,
  kWrite = 10,
  kSize = 11,
  kGrow = 12,
  kGlobalGet = 13,
  kGlobalSet = 14,
  kCancel = 15,
  kCounters = 16,
  kTrapInfo = 17,
  kFunction = 18,
  kPass = 19,
  kNoop = 20,
  kClose = 21,
  kTryFunction = 22,
  kTimeout = 23,
  kConfigure = 24,
  kDeliver = 25,
  kInfo = 26,
  kLimits = 27,
  kOffer = 28,
  kThrow = 29,
  kTag = 30,
  kOptions = 31,
  kTableGet = 32,
  kTableSet = 33,
  kTableSize = 34,
  kTableGrow = 35,
  kTarget = 36,
};

/// Operations from here on are WRITE_AT: the rest of the number is the address.
inline constexpr std::uint32_t kWriteAt = std::uint32_t{1} << 31;

/// What a value is on the wire. The first four are also the engine's numbers of the types.
enum class ValueKind : std::uint8_t {
  kI32 = 0,
  kI64 = 1,
  kF32 = 2,
  kF64 = 3,
  kUnsigned = 4,
  kNull = 5,
  kFuncref = 6,
  kExternref = 7,
  kV128 = 8,
};

/// Bits of OPTIONS.
enum class Option : std::uint8_t {
  kRefuseUnresolved = 1,
  kForceLowering = 2,
  kPreferCompiled = 4,
  kRequireCompiled = 8,
  kShareCompiled = 16,
};

/// Bytes of a value: its kind, and 64 bits; a v128 has 128.
inline constexpr std::size_t kValueSize = 9;
inline constexpr std::size_t kVectorSize = 17;

}  // namespace hb::beamr::driver
