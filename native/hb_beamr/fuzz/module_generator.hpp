// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Valid modules out of any bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "input.hpp"

namespace hb::beamr::fuzz {

struct GeneratorOptions {
  /// There may be instructions by which a guest sees which NaN it has.
  bool tells_nans_apart = true;
};

/// Writes a module that is valid whatever the decisions are, and exports all it has.
std::vector<std::uint8_t> generate_module(Input& input, GeneratorOptions options = {});

}  // namespace hb::beamr::fuzz
