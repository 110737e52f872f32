// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The engine's compiler.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "exit_code.hpp"

namespace hb::beamr {

struct CodeOptions {
  std::string architecture;
  std::string processor;
  std::string features;
  std::uint8_t opt_level = 3;
  bool keep_frames = false;
};

/// Told what is being done now, and how much of the whole is done.
using OnStep = std::function<void(double done, const char* what)>;

/// Compiles a prepared module (preparation.hpp) into the engine's AOT file. Needs a deep stack.
///
/// @param module  Changed on the way.
Outcome<std::vector<std::uint8_t>> generate_code(std::vector<std::uint8_t>& module,
                                                 const CodeOptions& options, const OnStep& on_step);

}  // namespace hb::beamr
