// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "value_codec.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace hb::beamr::driver {

static_assert(static_cast<int>(ValueKind::kI32) == WASM_I32);
static_assert(static_cast<int>(ValueKind::kI64) == WASM_I64);
static_assert(static_cast<int>(ValueKind::kF32) == WASM_F32);
static_assert(static_cast<int>(ValueKind::kF64) == WASM_F64);

namespace {

// Floats are put into and taken out of the union as bits, because passing a signalling not-a-number
// through a register of the x87 unit would change it.

void put_f32(std::uint32_t bits, wasm_val_t& out) noexcept {
  out.kind = WASM_F32;
  out.of.f32 = std::bit_cast<float>(bits);
}

void put_f64(std::uint64_t bits, wasm_val_t& out) noexcept {
  out.kind = WASM_F64;
  out.of.f64 = std::bit_cast<double>(bits);
}

/// An integer: negative ones only with kind kI32 or kI64.
ValueFault decode_integer(bool is_unsigned, std::uint64_t bits, wasm_valkind_t wanted,
                          wasm_val_t& out) noexcept {
  const auto number = static_cast<std::int64_t>(bits);
  switch (wanted) {
    case WASM_I32: {
      const bool fits = is_unsigned || number >= 0
                            ? bits <= std::numeric_limits<std::uint32_t>::max()
                            : number >= std::numeric_limits<std::int32_t>::min();
      if (!fits) return ValueFault::kOutOfRange;
      out.kind = WASM_I32;
      out.of.i32 = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
      return ValueFault::kNone;
    }
    case WASM_I64:
      out.kind = WASM_I64;
      out.of.i64 = number;
      return ValueFault::kNone;
    case WASM_F32:
      out.kind = WASM_F32;
      out.of.f32 = is_unsigned ? static_cast<float>(bits) : static_cast<float>(number);
      return ValueFault::kNone;
    case WASM_F64:
      out.kind = WASM_F64;
      out.of.f64 = is_unsigned ? static_cast<double>(bits) : static_cast<double>(number);
      return ValueFault::kNone;
    default:
      return ValueFault::kWrongType;
  }
}

ValueFault decode_f32(std::uint64_t bits, wasm_valkind_t wanted, wasm_val_t& out) noexcept {
  if (bits > std::numeric_limits<std::uint32_t>::max()) return ValueFault::kMalformed;
  const auto narrow = static_cast<std::uint32_t>(bits);
  if (wanted == WASM_F32) {
    put_f32(narrow, out);
    return ValueFault::kNone;
  }
  if (wanted != WASM_F64) return ValueFault::kWrongType;
  put_f64(std::bit_cast<std::uint64_t>(static_cast<double>(std::bit_cast<float>(narrow))), out);
  return ValueFault::kNone;
}

ValueFault decode_f64(std::uint64_t bits, wasm_valkind_t wanted, wasm_val_t& out) noexcept {
  if (wanted == WASM_F64) {
    put_f64(bits, out);
    return ValueFault::kNone;
  }
  if (wanted != WASM_F32) return ValueFault::kWrongType;
  const auto number = std::bit_cast<double>(bits);
  const auto narrow = static_cast<float>(number);
  if (std::isfinite(number) && !std::isfinite(narrow)) return ValueFault::kOutOfRange;
  out.kind = WASM_F32;
  out.of.f32 = narrow;
  return ValueFault::kNone;
}

/// A reference that is null is this in a wasm_val_t.
constexpr std::int64_t kNull = -1;

ValueFault decode_reference(wasm_valkind_t kind, std::uint64_t bits, wasm_valkind_t wanted,
                            wasm_val_t& out) noexcept {
  if (wanted != kind) return ValueFault::kWrongType;
  if (bits >= std::numeric_limits<std::uint32_t>::max()) return ValueFault::kMalformed;
  out.kind = kind;
  out.of.i64 = static_cast<std::int64_t>(bits);
  return ValueFault::kNone;
}

ValueFault decode_null(wasm_valkind_t wanted, wasm_val_t& out) noexcept {
  if (wanted != WASM_FUNCREF && wanted != WASM_EXTERNREF) return ValueFault::kWrongType;
  out.kind = wanted;
  out.of.i64 = kNull;
  return ValueFault::kNone;
}

std::string_view name_of(wasm_valkind_t kind) noexcept {
  switch (kind) {
    case WASM_I32:
      return "an i32";
    case WASM_I64:
      return "an i64";
    case WASM_F32:
      return "an f32";
    case WASM_F64:
      return "an f64";
    case WASM_V128:
      return "a v128";
    case WASM_FUNCREF:
      return "a funcref";
    case WASM_EXTERNREF:
      return "an externref";
    default:
      return "a value of a type that cannot be passed";
  }
}

/// A value of one slot.
ValueFault decode_slot(ValueKind kind, std::uint64_t bits, wasm_valkind_t wanted,
                       wasm_val_t& out) noexcept {
  switch (kind) {
    case ValueKind::kI32:
    case ValueKind::kI64:
      return decode_integer(false, bits, wanted, out);
    case ValueKind::kUnsigned:
      return decode_integer(true, bits, wanted, out);
    case ValueKind::kF32:
      return decode_f32(bits, wanted, out);
    case ValueKind::kF64:
      return decode_f64(bits, wanted, out);
    case ValueKind::kNull:
      return decode_null(wanted, out);
    case ValueKind::kFuncref:
      return decode_reference(WASM_FUNCREF, bits, wanted, out);
    case ValueKind::kExternref:
      return decode_reference(WASM_EXTERNREF, bits, wanted, out);
    case ValueKind::kV128:
      break;
  }
  return ValueFault::kMalformed;
}

ValueFault decode_vector(std::uint64_t low, std::uint64_t high, wasm_valkind_t wanted,
                         wasm_val_t* out) noexcept {
  if (wanted != WASM_V128) return ValueFault::kWrongType;
  for (const std::uint64_t half : {low, high}) {
    out->kind = WASM_V128;
    out->of.i64 = static_cast<std::int64_t>(half);
    ++out;
  }
  return ValueFault::kNone;
}

}  // namespace

bool read_value(Reader& data, WireValue& out) noexcept {
  std::uint8_t kind = 0;
  if (!data.read(kind) || !data.read(out.bits)) return false;
  out.kind = ValueKind{kind};
  return out.kind != ValueKind::kV128 || data.read(out.high);
}

ValueFault decode_value(const WireValue& value, wasm_valkind_t wanted, wasm_val_t* out) noexcept {
  return value.kind == ValueKind::kV128 ? decode_vector(value.bits, value.high, wanted, out)
                                        : decode_slot(value.kind, value.bits, wanted, *out);
}

WireValue wire_value(const wasm_val_t& value) noexcept {
  switch (value.kind) {
    case WASM_I32:
      return {ValueKind::kI32, static_cast<std::uint64_t>(static_cast<std::int64_t>(value.of.i32))};
    case WASM_I64:
      return {ValueKind::kI64, static_cast<std::uint64_t>(value.of.i64)};
    case WASM_F32:
      return {ValueKind::kF32, std::bit_cast<std::uint32_t>(value.of.f32)};
    case WASM_F64:
      return {ValueKind::kF64, std::bit_cast<std::uint64_t>(value.of.f64)};
    case WASM_V128:
      return {ValueKind::kV128, static_cast<std::uint64_t>(value.of.i64)};
    default:
      if (value.of.i64 == kNull) return {ValueKind::kNull, 0};
      return {value.kind == WASM_FUNCREF ? ValueKind::kFuncref : ValueKind::kExternref,
              static_cast<std::uint64_t>(value.of.i64)};
  }
}

wasm_valkind_t kind_of_letter(char letter) noexcept {
  switch (letter) {
    case 'i':
      return WASM_I32;
    case 'I':
      return WASM_I64;
    case 'f':
      return WASM_F32;
    case 'F':
      return WASM_F64;
    case 'p':
      return WASM_FUNCREF;
    case 'r':
      return WASM_EXTERNREF;
    case 'V':
      return WASM_V128;
    default:
      return HB_BEAMR_CAPI_LIB_EXNREF;
  }
}

ValueListFault decode_values(Reader& data, std::span<const wasm_valkind_t> types,
                             wasm_val_t* out) noexcept {
  for (std::size_t i = 0; i < types.size(); ++i) {
    std::uint8_t kind = 0;
    std::uint64_t bits = 0;
    if (!data.read(kind) || !data.read(bits)) return {ValueFault::kMalformed, i};
    ValueFault fault = decode_slot(ValueKind{kind}, bits, types[i], out[i]);
    if (fault == ValueFault::kNone) [[likely]]
      continue;
    // A v128 comes here as well, so that others are not asked whether they are one.
    std::uint64_t high = 0;
    if (ValueKind{kind} == ValueKind::kV128 && data.read(high)) {
      fault = decode_vector(bits, high, types[i], out + i);
    }
    if (fault != ValueFault::kNone) return {fault, i};
    ++i;
  }
  return {};
}

std::optional<std::size_t> count_values(std::string_view data) noexcept {
  Reader reader(data);
  std::size_t count = 0;
  for (WireValue value{}; !reader.is_at_end(); ++count) {
    if (!read_value(reader, value)) return std::nullopt;
  }
  return count;
}

std::size_t count_values(std::span<const wasm_valkind_t> types) noexcept {
  const auto halves = std::count(types.begin(), types.end(), WASM_V128);
  return types.size() - static_cast<std::size_t>(halves) / 2;
}

std::string describe_fault(std::string_view what, const ValueListFault& fault,
                           std::span<const wasm_valkind_t> types) {
  std::string text(what);
  text += ' ' + std::to_string(count_values(types.first(fault.index)) + 1);
  switch (fault.fault) {
    case ValueFault::kWrongType:
      text += " is not ";
      break;
    case ValueFault::kOutOfRange:
      text += " does not fit ";
      break;
    case ValueFault::kMalformed:
    case ValueFault::kNone:
      return text + " is malformed";
  }
  return text += name_of(types[fault.index]);
}

}  // namespace hb::beamr::driver
