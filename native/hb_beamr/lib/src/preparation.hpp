// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What happens to every module before the engine, or its compiler, sees it.
#pragma once

#include <cstdint>
#include <span>

#include "module_description.hpp"
#include "result.hpp"
#include "rewrite/rewrite.hpp"

namespace hb::beamr {

struct Prepared {
  ModuleDescription description;  ///< of the module as it was given; refers to its bytes
  Rewritten loaded;               ///< what the engine gets
  bool uses_simd = false;         ///< it can only run compiled
};

/// Validates, describes and rewrites a module. What comes of equal bytes is always the same, so that code
/// which was compiled from it fits at any time.
///
/// @param bytes           Anything; outlives what is answered.
/// @param force_lowering  See ExceptionUse::are_forced.
/// @param[out] fault      Where a module is not valid, the offset of what is not; may be nullptr.
Result<Prepared> prepare_module(std::span<const std::uint8_t> bytes, bool force_lowering,
                                std::uint64_t* fault = nullptr);

}  // namespace hb::beamr
