// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A valid module as the engine can run it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "module_description.hpp"
#include "result.hpp"
#include "rewrite/exception_layout.hpp"
#include "rewrite/offset_map.hpp"

namespace hb::beamr {

/// What is known of the exceptions of a module.
struct ExceptionUse {
  bool are_used = false;
  /// Treat all code as if they were: for tests of the lowering.
  bool are_forced = false;
  /// Offsets of the instructions `drop` and `ref.is_null` that work on an exnref, rising.
  std::vector<std::uint64_t> exnref_operands{};
};

struct Rewritten {
  std::vector<std::uint8_t> bytes;
  /// nullptr: no exception can be thrown.
  std::shared_ptr<const ExceptionLayout> exceptions;
  OffsetMap offsets;
};

/// Lowers exceptions and makes imported memories and tables the module's own. Functions, types, tables,
/// memories and globals keep their numbers; custom sections go. A module that needs none of it is copied.
///
/// @param bytes        A valid module.
/// @param description  What it says of itself.
Result<Rewritten> rewrite_module(std::span<const std::uint8_t> bytes,
                                 const ModuleDescription& description, const ExceptionUse& use);

}  // namespace hb::beamr
