// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where the frames of guests lie.
#pragma once

namespace hb::beamr {

/// Gives the kernel back what is kept for the next instances. Threads: any.
void release_guest_stacks() noexcept;

}  // namespace hb::beamr
