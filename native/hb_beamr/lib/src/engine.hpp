// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The process's one engine, and what all contexts share.
#pragma once

#include <memory>
#include <utility>

#include "guest_stack.hpp"
#include "module_cache.hpp"
#include "result.hpp"
#include "stack_pool.hpp"
#include "wamr.hpp"

namespace hb::beamr {

/// Lives while it is wanted: from the first init to the last destroy, and while a context refers to it.
class Engine {
 public:
  /// Counts one init; starts the engine if it is the first.
  static Status init(wasm_config_t* config);
  /// Ends one init.
  static void release_init() noexcept;
  /// The running engine, or nullptr.
  static std::shared_ptr<Engine> current();
  /// Whether it runs, ever ran, or never did.
  static hb_beamr_capi_lib_state_t state() noexcept;

  explicit Engine(EnginePtr engine) noexcept : engine_(std::move(engine)) {}
  ~Engine() { release_guest_stacks(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  wasm_engine_t* get() const noexcept { return engine_.get(); }
  ModuleCache& modules() noexcept { return modules_; }
  StackPool& stacks() noexcept { return stacks_; }

 private:
  EnginePtr engine_;  // outlives the modules
  ModuleCache modules_;
  StackPool stacks_;
};

}  // namespace hb::beamr
