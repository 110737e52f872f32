// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Runs whatever bytes as a guest, through the C API.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "input.hpp"

namespace hb::beamr::fuzz {

/// What a guest did, as far as its host can see.
struct Trace {
  bool is_module = false;
  /// Ends of calls, values of results and of arguments of imports, traps.
  std::vector<std::uint64_t> events{};
  /// It was not cut short, by its length or by the size of its stack: the same guest does the same again,
  /// however many instructions it takes for it.
  bool is_whole = true;
};

struct RunOptions {
  bool force_lowering = false;
  /// They are noted alike: which one comes out of an operation is not determined.
  bool nans_are_equal = false;
};

/// Loads the bytes; if they are a module, describes it, makes an instance, calls what it exports, and
/// uses its memory, globals and tables from outside. `choices` gives arguments and answers.
Trace run_guest(std::span<const std::uint8_t> bytes, Input choices, RunOptions options = {});

}  // namespace hb::beamr::fuzz
