// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The instructions that differ in nothing but types.
#pragma once

#include <cstdint>

#include "wasm_writer.hpp"

namespace hb::beamr::fuzz {

/// A load or store; its alignment as a power of 2.
struct Access {
  Type type;
  std::uint8_t code;
  std::uint8_t max_align;
};

inline constexpr Access kLoads[] = {
    {kI32, 0x28, 2}, {kI64, 0x29, 3}, {kF32, 0x2A, 2}, {kF64, 0x2B, 3}, {kI32, 0x2C, 0},
    {kI32, 0x2D, 0}, {kI32, 0x2E, 1}, {kI32, 0x2F, 1}, {kI64, 0x30, 0}, {kI64, 0x31, 0},
    {kI64, 0x32, 1}, {kI64, 0x33, 1}, {kI64, 0x34, 2}, {kI64, 0x35, 2}};

inline constexpr Access kStores[] = {{kI32, 0x36, 2}, {kI64, 0x37, 3}, {kF32, 0x38, 2},
                                     {kF64, 0x39, 3}, {kI32, 0x3A, 0}, {kI32, 0x3B, 1},
                                     {kI64, 0x3C, 0}, {kI64, 0x3D, 1}, {kI64, 0x3E, 2}};

/// All codes from `first` to `last`.
struct Operators {
  Type result;
  std::uint8_t first;
  std::uint8_t last;
  Type operand;
  std::uint8_t operands;
};

inline constexpr Operators kOperators[] = {
    {kI32, 0x45, 0x45, kI32, 1}, {kI32, 0x46, 0x4F, kI32, 2}, {kI32, 0x50, 0x50, kI64, 1},
    {kI32, 0x51, 0x5A, kI64, 2}, {kI32, 0x5B, 0x60, kF32, 2}, {kI32, 0x61, 0x66, kF64, 2},
    {kI32, 0x67, 0x69, kI32, 1}, {kI32, 0x6A, 0x78, kI32, 2}, {kI64, 0x79, 0x7B, kI64, 1},
    {kI64, 0x7C, 0x8A, kI64, 2}, {kF32, 0x8B, 0x91, kF32, 1}, {kF32, 0x92, 0x98, kF32, 2},
    {kF64, 0x99, 0x9F, kF64, 1}, {kF64, 0xA0, 0xA6, kF64, 2}, {kI32, 0xA7, 0xA7, kI64, 1},
    {kI32, 0xA8, 0xA9, kF32, 1}, {kI32, 0xAA, 0xAB, kF64, 1}, {kI64, 0xAC, 0xAD, kI32, 1},
    {kI64, 0xAE, 0xAF, kF32, 1}, {kI64, 0xB0, 0xB1, kF64, 1}, {kF32, 0xB2, 0xB3, kI32, 1},
    {kF32, 0xB4, 0xB5, kI64, 1}, {kF32, 0xB6, 0xB6, kF64, 1}, {kF64, 0xB7, 0xB8, kI32, 1},
    {kF64, 0xB9, 0xBA, kI64, 1}, {kF64, 0xBB, 0xBB, kF32, 1}, {kI32, 0xBC, 0xBC, kF32, 1},
    {kI64, 0xBD, 0xBD, kF64, 1}, {kF32, 0xBE, 0xBE, kI32, 1}, {kF64, 0xBF, 0xBF, kI64, 1},
    {kI32, 0xC0, 0xC1, kI32, 1}, {kI64, 0xC2, 0xC4, kI64, 1}};

/// Conversions that saturate, behind the byte 0xFC.
inline constexpr Operators kSaturating[] = {
    {kI32, 0, 1, kF32, 1}, {kI32, 2, 3, kF64, 1}, {kI64, 4, 5, kF32, 1}, {kI64, 6, 7, kF64, 1}};

}  // namespace hb::beamr::fuzz
