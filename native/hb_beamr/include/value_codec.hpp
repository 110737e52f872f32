// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Values between the protocol and the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "hb_beamr_capi_lib.h"
#include "protocol.hpp"
#include "small_buffer.hpp"

namespace hb::beamr::driver {

/// Why a value is refused.
enum class ValueFault : std::uint8_t {
  kNone,
  kMalformed,   ///< Not a value of the protocol.
  kWrongType,   ///< A float where an integer is wanted, or a type that cannot be passed.
  kOutOfRange,  ///< Does not fit the wanted type.
};

/// Converts one value to the wanted type. `out` is written only for kNone.
ValueFault decode_value(std::uint8_t kind, std::uint64_t bits, wasm_valkind_t wanted,
                        wasm_val_t& out) noexcept;

/// A value as the protocol has it.
struct WireValue {
  ValueKind kind;
  std::uint64_t bits;
};
WireValue wire_value(const wasm_val_t& value) noexcept;

inline void encode_value(Writer& writer, const wasm_val_t& value) noexcept {
  const WireValue wire = wire_value(value);
  writer.put(wire.kind).put(wire.bits);
}

/// Converted values: of most functions without an allocation.
using Values = SmallBuffer<wasm_val_t, 16>;
using Kinds = SmallBuffer<wasm_valkind_t, 16>;

/// The type that a letter of a signature stands for; a type that no value has for others.
wasm_valkind_t kind_of_letter(char letter) noexcept;

/// A refused value: which, and why.
struct ValueListFault {
  ValueFault fault = ValueFault::kNone;
  std::size_t index = 0;

  explicit operator bool() const noexcept { return fault != ValueFault::kNone; }
};

/// Converts `types.size()` values from `data`, which has at least as many.
ValueListFault decode_values(const char* data, std::span<const wasm_valkind_t> types,
                             wasm_val_t* out) noexcept;

/// "argument 2: a float cannot be an i32".
std::string describe_fault(std::string_view what, const ValueListFault& fault,
                           std::span<const wasm_valkind_t> types);

}  // namespace hb::beamr::driver
