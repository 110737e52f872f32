// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "engine.hpp"

#include <cstddef>
#include <new>

#include "thread.hpp"

namespace hb::beamr {
namespace {

/// The runtime: who wants it. Never destroyed, because threads may use it at exit; and not on the heap,
/// where it would stay when this code is unloaded.
struct Runtime {
  Mutex mutex;
  std::shared_ptr<Engine> engine HB_GUARDED_BY(mutex);
  std::weak_ptr<Engine> last HB_GUARDED_BY(mutex);
  std::size_t inits HB_GUARDED_BY(mutex) = 0;
  bool was_started HB_GUARDED_BY(mutex) = false;
};

Runtime& runtime() {
  alignas(Runtime) static std::byte storage[sizeof(Runtime)];
  static Runtime* const instance = new (storage) Runtime;
  return *instance;
}

}  // namespace

Status Engine::init(wasm_config_t* config) {
  const std::unique_ptr<wasm_config_t, EngineDeleter<wasm_config_delete>> owned(config);
  Runtime& rt = runtime();
  MutexLock lock(rt.mutex);
  if (!rt.engine) rt.engine = rt.last.lock();  // contexts of an earlier time still use it
  if (!rt.engine) {
    EnginePtr engine(config ? wasm_engine_new_with_config(config) : wasm_engine_new());
    if (!engine) return Error{Rc::kRuntimeInitFailed, "the engine did not start"};
    rt.engine = std::make_shared<Engine>(std::move(engine));
    rt.last = rt.engine;
  }
  ++rt.inits;
  rt.was_started = true;
  return ok();
}

void Engine::release_init() noexcept {
  std::shared_ptr<Engine> last;
  Runtime& rt = runtime();
  {
    MutexLock lock(rt.mutex);
    if (rt.inits == 0 || --rt.inits > 0) return;
    last.swap(rt.engine);
  }
  last.reset();  // not with the lock held
  // What is left of an engine without users is its memory, which the weak reference keeps.
  MutexLock lock(rt.mutex);
  if (rt.last.expired()) rt.last.reset();
}

std::shared_ptr<Engine> Engine::current() {
  Runtime& rt = runtime();
  MutexLock lock(rt.mutex);
  return rt.engine;
}

hb_beamr_capi_lib_state_t Engine::state() noexcept {
  Runtime& rt = runtime();
  MutexLock lock(rt.mutex);
  if (rt.engine) return HB_BEAMR_CAPI_LIB_STATE_RUNTIME_INITIALIZED;
  return rt.was_started ? HB_BEAMR_CAPI_LIB_STATE_RUNTIME_DESTROYED
                        : HB_BEAMR_CAPI_LIB_STATE_UNINITIALIZED;
}

}  // namespace hb::beamr
