// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Files, read and written as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exit_code.hpp"

namespace hb::beamr {

Outcome<std::vector<std::uint8_t>> read_file(const std::string& path);

/// Writes a file that is there as a whole or not at all, whenever this process, or the machine, ends: it gets
/// its name when its content is on the disk. Replaces one of that name.
std::optional<Failure> write_file(const std::string& path, std::span<const std::uint8_t> bytes);

}  // namespace hb::beamr
