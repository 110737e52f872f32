// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What a generated module has, decided before its code is.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasm_writer.hpp"

namespace hb::beamr::fuzz {

struct FunctionType {
  std::vector<Type> params;
  std::vector<Type> results;
};

struct Limits {
  std::uint64_t minimum = 0;
  std::optional<std::uint64_t> maximum;
  bool is_64 = false;

  Type address() const { return is_64 ? kI64 : kI32; }
};

struct Table {
  Type element = kFuncref;
  Limits limits;
};

struct Global {
  Type type = kI32;
  bool is_mutable = false;
};

struct ModulePlan {
  std::vector<FunctionType> types;
  std::vector<std::uint32_t> functions;  // their types; imported ones first
  std::uint32_t imported = 0;
  std::vector<Table> tables;
  std::optional<Limits> memory;
  std::vector<Global> globals;
  std::uint32_t data_segments = 0;
  std::vector<Type> element_segments;
  /// Exceptions are used: they are lowered.
  bool has_exceptions = false;
  /// Instructions that tell NaNs apart are used.
  bool tells_nans_apart = true;
  std::vector<std::uint32_t> tags;  // their types

  const FunctionType& type_of(std::size_t function) const { return types[functions[function]]; }
};

}  // namespace hb::beamr::fuzz
