// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The command line.
#pragma once

#include <cstdint>
#include <string>

#include "exit_code.hpp"

namespace hb::beamr {

enum class Action : std::uint8_t { kCompile, kHelp, kVersion, kIdentity };
enum class ShowProgress : std::uint8_t { kOnTerminal, kAlways, kNever };

struct Options {
  Action action = Action::kCompile;
  std::string input;
  std::string output;
  std::string architecture;  ///< always set
  std::string processor;     ///< always set
  std::string features;      ///< "+a,-b"
  std::uint8_t opt_level = 3;
  bool force_lowering = false;
  bool keep_frames = false;
  bool end_with_stdin = false;
  bool is_nice = false;
  std::uint64_t memory_limit = 0;  ///< bytes; 0: none
  std::uint64_t time_limit = 0;    ///< seconds; 0: none
  ShowProgress progress = ShowProgress::kOnTerminal;
};

Outcome<Options> parse_options(int argc, const char* const* argv);

/// What --help prints.
const char* help_text() noexcept;

}  // namespace hb::beamr
