// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the engine calls while a guest runs. All of it runs on a fiber.
#include "import_trampoline.hpp"

#include "guest.hpp"

namespace hb::beamr {
namespace {

Guest& guest_of(WASMExecEnv* exec_env) noexcept {
  return *static_cast<Guest*>(wasm_runtime_get_user_data(exec_env));
}

}  // namespace

// A trap is set as the instance's exception and not returned: the engine cuts a returned one to 107
// characters, and making one may fail for want of memory, which would look like success.
extern "C" wasm_trap_t* hb_beamr_import_trampoline(void* env, const wasm_val_vec_t* args,
                                                   wasm_val_vec_t* results) {
  const HostFuncEnv* bound = static_cast<const HostFuncEnv*>(env);
  bound->guest->on_import(*bound, *args, *results);
  return nullptr;
}

extern "C" bool hb_engine_yield(WASMExecEnv* exec_env) { return guest_of(exec_env).on_yield(); }

extern "C" void hb_engine_trapped(WASMExecEnv* exec_env) { guest_of(exec_env).on_trapped(); }

extern "C" bool hb_engine_poll() {
  return static_cast<Guest*>(Fiber::current_argument())->on_poll();
}

}  // namespace hb::beamr
