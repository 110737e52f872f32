// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Names of guests in texts for people.
#pragma once

#include <string>
#include <string_view>

#include "wamr.hpp"

namespace hb::beamr {

/// 'name', always well-formed UTF-8: other bytes as \xNN; cut at about 200 bytes.
std::string quoted(std::string_view name);

/// The message of a trap of the C API, which need not end with NUL.
std::string trap_message(const wasm_trap_t* trap);

}  // namespace hb::beamr
