// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Function types: what a function takes and gives, and how many engine cells that is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hb_beamr_capi_lib.h"

namespace hb::beamr {

/// The type of a function. A cell is the engine's unit of 32 bits. A slot is a wasm_val_t: one for each
/// value, and two of the kind WASM_V128 for a v128, which does not fit into one.
struct FunctionType {
  std::vector<wasm_valkind_t> params;
  std::vector<wasm_valkind_t> results;
  std::vector<wasm_valkind_t> param_slots;
  std::vector<wasm_valkind_t> result_slots;
  std::uint32_t param_cells = 0;
  std::uint32_t result_cells = 0;
  /// All parameters and results are numbers, v128s, funcrefs or externrefs, which is what host and guest
  /// can pass to each other.
  bool is_passable = false;
  bool has_references = false;
  std::string text;  ///< "(iI)f"

  /// Fills in what follows from params and results.
  void complete();
};

/// i, I, f, F, V, r, p, e; '?' for what is not a value type.
char value_letter(wasm_valkind_t kind) noexcept;
/// "i32", ...
const char* value_name(wasm_valkind_t kind) noexcept;
bool is_number(wasm_valkind_t kind) noexcept;
bool is_reference(wasm_valkind_t kind) noexcept;
/// Between host and guest.
bool is_passable(wasm_valkind_t kind) noexcept;

/// A reference as a value is a number in `of.i64`: of a function, what the host gave, or null.
inline constexpr std::int64_t kNullReference = -1;
/// Why no guest with so many functions can have this value: it is a reference that the engine would
/// follow to nowhere.
std::optional<std::string> reference_fault(const wasm_val_t& value, std::uint32_t functions);
/// One value: the first slot, and of a v128 the second one.
using OneValue = std::array<wasm_val_t, 2>;
constexpr std::size_t slot_count(wasm_valkind_t kind) noexcept { return kind == WASM_V128 ? 2 : 1; }
inline std::span<const wasm_val_t> slots_of(const OneValue& value) noexcept {
  return {value.data(), slot_count(value[0].kind)};
}
/// What a slot of a value in a fresh local is: zero or null.
wasm_val_t zero_value(wasm_valkind_t kind) noexcept;

/// "(i32, f64)" of slots, for error texts.
std::string describe_types(std::span<const wasm_valkind_t> kinds);
std::string describe_types(std::span<const wasm_val_t> values);

/// Whether slots are of exactly these kinds.
bool values_match(std::span<const wasm_val_t> values,
                  std::span<const wasm_valkind_t> kinds) noexcept;

/// Writes slots of passable values as the cells that the engine takes. `cells` has room for all.
void values_to_cells(std::span<const wasm_val_t> values, std::uint32_t* cells) noexcept;
/// Reads slots of passable values from cells; `values` is as long as `kinds`.
void cells_to_values(const std::uint32_t* cells, std::span<const wasm_valkind_t> kinds,
                     wasm_val_t* values) noexcept;
/// Reads one passable value from its cells.
OneValue read_value(const std::uint32_t* cells, wasm_valkind_t kind) noexcept;

}  // namespace hb::beamr
