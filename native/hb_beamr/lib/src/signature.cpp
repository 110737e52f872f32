// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "signature.hpp"

#include <cstring>

namespace hb::beamr {
namespace {

std::size_t cells_of_slot(wasm_valkind_t kind) noexcept {
  return kind == WASM_I64 || kind == WASM_F64 || kind == WASM_V128 ? 2 : 1;
}

std::uint32_t count_cells(std::span<const wasm_valkind_t> slots) noexcept {
  std::size_t cells = 0;
  for (const wasm_valkind_t kind : slots) cells += cells_of_slot(kind);
  return static_cast<std::uint32_t>(cells);
}

std::vector<wasm_valkind_t> to_slots(std::span<const wasm_valkind_t> kinds) {
  std::vector<wasm_valkind_t> slots;
  slots.reserve(kinds.size());
  for (const wasm_valkind_t kind : kinds) slots.insert(slots.end(), slot_count(kind), kind);
  return slots;
}

template <typename Range, typename KindOf>
std::string join_names(const Range& slots, KindOf kind_of) {
  std::string text = "(";
  for (std::size_t i = 0; i < slots.size(); i += slot_count(kind_of(slots[i]))) {
    if (text.size() > 1) text += ", ";
    text += value_name(kind_of(slots[i]));
  }
  return text + ")";
}

}  // namespace

void FunctionType::complete() {
  param_slots = to_slots(params);
  result_slots = to_slots(results);
  param_cells = count_cells(param_slots);
  result_cells = count_cells(result_slots);
  is_passable = true;
  text.assign(1, '(');
  const auto note = [this](wasm_valkind_t kind) {
    is_passable = is_passable && hb::beamr::is_passable(kind);
    has_references = has_references || is_reference(kind);
  };
  for (const wasm_valkind_t kind : params) {
    text += value_letter(kind);
    note(kind);
  }
  text += ")";
  for (const wasm_valkind_t kind : results) {
    text += value_letter(kind);
    note(kind);
  }
}

char value_letter(wasm_valkind_t kind) noexcept {
  switch (kind) {
    case WASM_I32:
      return 'i';
    case WASM_I64:
      return 'I';
    case WASM_F32:
      return 'f';
    case WASM_F64:
      return 'F';
    case WASM_V128:
      return 'V';
    case WASM_EXTERNREF:
      return 'r';
    case WASM_FUNCREF:
      return 'p';
    case HB_BEAMR_CAPI_LIB_EXNREF:
      return 'e';
    default:
      return '?';
  }
}

const char* value_name(wasm_valkind_t kind) noexcept {
  switch (kind) {
    case WASM_I32:
      return "i32";
    case WASM_I64:
      return "i64";
    case WASM_F32:
      return "f32";
    case WASM_F64:
      return "f64";
    case WASM_V128:
      return "v128";
    case WASM_EXTERNREF:
      return "externref";
    case WASM_FUNCREF:
      return "funcref";
    case HB_BEAMR_CAPI_LIB_EXNREF:
      return "exnref";
    default:
      return "unknown";
  }
}

bool is_number(wasm_valkind_t kind) noexcept {
  return kind == WASM_I32 || kind == WASM_I64 || kind == WASM_F32 || kind == WASM_F64;
}

bool is_reference(wasm_valkind_t kind) noexcept {
  return kind == WASM_FUNCREF || kind == WASM_EXTERNREF;
}

bool is_passable(wasm_valkind_t kind) noexcept {
  return is_number(kind) || is_reference(kind) || kind == WASM_V128;
}

std::optional<std::string> reference_fault(const wasm_val_t& value, std::uint32_t functions) {
  if (!is_reference(value.kind) || value.of.i64 == kNullReference) return std::nullopt;
  const bool is_function = value.kind == WASM_FUNCREF;
  if (value.of.i64 >= 0 && value.of.i64 < (is_function ? functions : UINT32_MAX)) {
    return std::nullopt;
  }
  const std::string number = std::to_string(value.of.i64);
  if (is_function) {
    return "no function " + number + " for a funcref: there are " + std::to_string(functions);
  }
  return "an externref is a number from 0 to 4294967294, or -1, not " + number;
}

wasm_val_t zero_value(wasm_valkind_t kind) noexcept {
  wasm_val_t value{};
  value.kind = kind;
  if (is_reference(kind)) value.of.i64 = kNullReference;
  return value;
}

std::string describe_types(std::span<const wasm_valkind_t> kinds) {
  return join_names(kinds, [](wasm_valkind_t kind) { return kind; });
}

std::string describe_types(std::span<const wasm_val_t> values) {
  return join_names(values, [](const wasm_val_t& value) { return value.kind; });
}

bool values_match(std::span<const wasm_val_t> values,
                  std::span<const wasm_valkind_t> kinds) noexcept {
  if (values.size() != kinds.size()) return false;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (values[i].kind != kinds[i]) return false;
  }
  return true;
}

void values_to_cells(std::span<const wasm_val_t> values, std::uint32_t* cells) noexcept {
  for (const wasm_val_t& value : values) {
    const std::size_t count = cells_of_slot(value.kind);
    std::memcpy(cells, &value.of, count * sizeof(std::uint32_t));
    cells += count;
  }
}

void cells_to_values(const std::uint32_t* cells, std::span<const wasm_valkind_t> kinds,
                     wasm_val_t* values) noexcept {
  for (const wasm_valkind_t kind : kinds) {
    const std::size_t count = cells_of_slot(kind);
    *values = wasm_val_t{};
    values->kind = kind;
    if (!is_reference(kind)) {
      std::memcpy(&values->of, cells, count * sizeof(std::uint32_t));
    } else {  // null is all ones in a cell
      values->of.i64 = *cells == UINT32_MAX ? kNullReference : std::int64_t{*cells};
    }
    cells += count;
    ++values;
  }
}

OneValue read_value(const std::uint32_t* cells, wasm_valkind_t kind) noexcept {
  OneValue value{};
  const std::array<wasm_valkind_t, 2> kinds{kind, kind};
  cells_to_values(cells, std::span(kinds).first(slot_count(kind)), value.data());
  return value;
}

}  // namespace hb::beamr
