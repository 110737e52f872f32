// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where the engine's calls of imported functions arrive.
#pragma once

#include <cstdint>

#include "hb_beamr_capi_lib.h"
#include "signature.hpp"
#include "wamr.hpp"

namespace hb::beamr {

class Guest;

/// What one imported function of one instance is bound to. The engine passes it to the trampoline.
struct HostFuncEnv {
  Guest* guest = nullptr;
  std::uint32_t position = 0;  // among the module's imports
  const FunctionType* type = nullptr;
  hb_beamr_capi_user_host_func_callback_t callback = nullptr;

  bool is_deferred() const noexcept { return callback == &hb_beamr_capi_lib_defer_import; }
};

/// The one function that every import calls; a wasm_func_callback_with_env_t. It puts the guest aside:
/// whoever drives the call runs the callback, on a stack of its own, or waits for an answer.
extern "C" wasm_trap_t* hb_beamr_import_trampoline(void* env, const wasm_val_vec_t* args,
                                                   wasm_val_vec_t* results);

}  // namespace hb::beamr
