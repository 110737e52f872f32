// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Function types: what a function takes and gives, and how many engine cells that is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hb_beamr_capi_lib.h"

namespace hb::beamr {

/// The type of a function. A cell is the engine's unit of 32 bits.
struct FunctionType {
  std::vector<wasm_valkind_t> params;
  std::vector<wasm_valkind_t> results;
  std::uint32_t param_cells = 0;
  std::uint32_t result_cells = 0;
  /// All parameters and results are numbers, funcrefs or externrefs, which is what host and guest can
  /// pass to each other.
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
/// Between host and guest.
bool is_passable(wasm_valkind_t kind) noexcept;

/// A reference as a value is a number in `of.i64`: of a function, what the host gave, or null.
inline constexpr std::int64_t kNullReference = -1;
/// A value of a type as it is in a fresh local: zero or null.
wasm_val_t zero_value(wasm_valkind_t kind) noexcept;

/// "(i32, f64)", for error texts.
std::string describe_types(std::span<const wasm_valkind_t> kinds);
std::string describe_types(std::span<const wasm_val_t> values);

/// Whether the values are of exactly these kinds.
bool values_match(std::span<const wasm_val_t> values,
                  std::span<const wasm_valkind_t> kinds) noexcept;

/// Writes passable values as the cells that the engine takes. `cells` has room for all.
void values_to_cells(std::span<const wasm_val_t> values, std::uint32_t* cells) noexcept;
/// Reads passable values from cells; `values` is as long as `kinds`.
void cells_to_values(const std::uint32_t* cells, std::span<const wasm_valkind_t> kinds,
                     wasm_val_t* values) noexcept;

}  // namespace hb::beamr
