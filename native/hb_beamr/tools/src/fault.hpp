// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where in a module that is not valid the fault lies, for people.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hb::beamr {

/// ", in function 12 'name'", or "" if the offset is in no function that can be found.
std::string describe_fault(std::span<const std::uint8_t> module, std::uint64_t offset);

}  // namespace hb::beamr
