// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What ends a compilation from outside: limits, and the end of whoever wanted it.
#pragma once

#include "options.hpp"

namespace hb::beamr {

/// Sets limits and priority, and watches the standard input where that is wanted. From now on the process may
/// end at any time, by itself and with a sentence. Call once, before anything else.
void guard_process(const Options& options);

/// Ends the process as one that got no memory.
[[noreturn]] void end_without_memory() noexcept;

}  // namespace hb::beamr
