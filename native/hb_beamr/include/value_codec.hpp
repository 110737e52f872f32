// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Values between the protocol and the engine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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

// The engine's side of a value is one slot, a wasm_val_t, or two for a v128; lists of types are lists of the
// kinds of slots.

/// One value of any type.
using OneValue = std::array<wasm_val_t, 2>;

/// A value as the protocol has it.
struct WireValue {
  ValueKind kind;
  std::uint64_t bits;
  std::uint64_t high = 0;  ///< Of a v128: the high half.
};

/// Reads one value of whatever kind; false if the bytes end within it.
bool read_value(Reader& data, WireValue& out) noexcept;

/// Converts one value to the wanted type. `out` has room for it, and is written only for kNone.
ValueFault decode_value(const WireValue& value, wasm_valkind_t wanted, wasm_val_t* out) noexcept;

/// A value, by its first slot. The high half of a v128 is left out.
WireValue wire_value(const wasm_val_t& value) noexcept;

/// Writes a value, and answers the slot behind it.
inline const wasm_val_t* encode_value(Writer& writer, const wasm_val_t* value) noexcept {
  const WireValue wire = wire_value(*value++);
  writer.put(wire.kind).put(wire.bits);
  if (wire.kind == ValueKind::kV128) [[unlikely]]
    writer.put(static_cast<std::uint64_t>((value++)->of.i64));
  return value;
}

inline void encode_values(Writer& writer, std::span<const wasm_val_t> slots) noexcept {
  const wasm_val_t* const end = slots.data() + slots.size();
  for (const wasm_val_t* at = slots.data(); at != end;) at = encode_value(writer, at);
}

/// How many values these slots are.
inline std::size_t count_values(std::span<const wasm_val_t> slots) noexcept {
  std::size_t halves = 0;
  for (const wasm_val_t& slot : slots) halves += slot.kind == WASM_V128 ? 1 : 0;
  return slots.size() - halves / 2;
}

/// The bytes that encode_values() writes: a kind for each value, and each slot.
inline std::size_t encoded_size(std::span<const wasm_val_t> slots) noexcept {
  return count_values(slots) + slots.size() * sizeof(std::uint64_t);
}

/// Converted values: of most functions without an allocation.
using Values = SmallBuffer<wasm_val_t, 16>;
using Kinds = SmallBuffer<wasm_valkind_t, 16>;

/// The type that a letter of a signature stands for; a type that no value has for others.
wasm_valkind_t kind_of_letter(char letter) noexcept;

/// A refused value: its first slot, and why.
struct ValueListFault {
  ValueFault fault = ValueFault::kNone;
  std::size_t index = 0;

  explicit operator bool() const noexcept { return fault != ValueFault::kNone; }
};

/// Converts `types.size()` slots from the beginning of `data`. What follows stays there.
ValueListFault decode_values(Reader& data, std::span<const wasm_valkind_t> types,
                             wasm_val_t* out) noexcept;

/// How many values these bytes are; nothing: they are no list of values.
std::optional<std::size_t> count_values(std::string_view data) noexcept;
/// How many values slots of these kinds are.
std::size_t count_values(std::span<const wasm_valkind_t> types) noexcept;

/// "argument 2 is not an i32".
std::string describe_fault(std::string_view what, const ValueListFault& fault,
                           std::span<const wasm_valkind_t> types);

}  // namespace hb::beamr::driver
