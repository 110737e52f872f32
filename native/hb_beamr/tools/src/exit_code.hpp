// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// How hb_beamrc ends.
#pragma once

#include <string>
#include <variant>

namespace hb::beamr {

enum class ExitCode : int {
  kDone = 0,
  kRefused = 1,   ///< the module is not valid or cannot be compiled
  kUsage = 2,     ///< the command line makes no sense
  kFile = 3,      ///< reading or writing failed
  kLimit = 4,     ///< time or memory ran out, or who started it is gone
  kInternal = 5,  ///< a defect of hb_beamrc
};

/// Why it ends; the text goes to whoever started it.
struct Failure {
  ExitCode code;
  std::string text;
};

/// A value, or why there is none.
template <typename T>
using Outcome = std::variant<T, Failure>;

}  // namespace hb::beamr
