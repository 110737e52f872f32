// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What Erlang is told of a trap.
#pragma once

#include "hb_beamr_capi_lib.h"
#include "reply.hpp"

namespace hb::beamr::driver {

/// Answers that a call ended with `rc`, a trap or a cancellation, and why.
void report_trap(hb_beamr_capi_lib_rc_t rc, hb_beamr_capi_lib_context_t* context,
                 Reply& reply) noexcept;
/// Answers TRAP_INFO.
void report_last_trap(hb_beamr_capi_lib_context_t* context, Reply& reply) noexcept;

}  // namespace hb::beamr::driver
