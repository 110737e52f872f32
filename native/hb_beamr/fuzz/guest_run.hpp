// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Runs whatever bytes as a guest, through the C API.
#pragma once

#include <cstdint>
#include <span>

#include "input.hpp"

namespace hb::beamr::fuzz {

/// Loads the bytes; if they are a module, describes it, makes an instance, calls what it exports, and
/// uses its memory, globals and table from outside. `choices` gives arguments and answers.
/// False if they are not a module.
bool run_guest(std::span<const std::uint8_t> bytes, Input choices);

}  // namespace hb::beamr::fuzz
