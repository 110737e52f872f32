// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The engine: the one header of the library that includes the engine's, and who owns its objects.
#pragma once

#include <memory>

#include "engine_access.h"
#include "engine_deleter.hpp"
#include "hb_hooks.h"
#include "wasm_c_api.h"
#include "wasm_export.h"

namespace hb::beamr {

using EnginePtr = std::unique_ptr<wasm_engine_t, EngineDeleter<wasm_engine_delete>>;
using StorePtr = std::unique_ptr<wasm_store_t, EngineDeleter<wasm_store_delete>>;
using TrapPtr = std::unique_ptr<wasm_trap_t, EngineDeleter<wasm_trap_delete>>;
using EngineModulePtr = std::unique_ptr<hb_engine_module_t, EngineDeleter<hb_engine_unload>>;

}  // namespace hb::beamr
