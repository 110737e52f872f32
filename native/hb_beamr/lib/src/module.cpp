// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module.hpp"

#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "compiled_module.hpp"

namespace hb::beamr {
namespace {

/// The engine's words, without what its loader puts in front.
std::string engine_reason(std::string_view text) {
  for (const std::string_view prefix :
       {"WASM module load failed: ", "WASM module instantiate failed: ",
        "AOT module load failed: "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text);
}

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Module::Module(std::span<const std::uint8_t> bytes, bool is_forced)
    : bytes_(bytes.begin(), bytes.end()), is_forced_(is_forced), id_(next_id()) {}

Result<std::shared_ptr<const Module>> Module::prepare(const ModuleSource& source,
                                                      void* trampoline) {
  std::shared_ptr<Module> module(new Module(source.bytes, source.force_lowering));
  if (Status prepared = module->prepare(); !prepared) return prepared.error();
  const std::span<std::uint8_t> loaded =
      module->is_compiled() ? module->code_ : module->prepared_.loaded.bytes;
  if (Status done = module->load(loaded, trampoline); !done) return done.error();
  return std::shared_ptr<const Module>(std::move(module));
}

Status Module::prepare() {
  module_bytes_ = bytes_;
  if (CompiledModule::is_one(bytes_)) {
    Result<CompiledModule> compiled = CompiledModule::read(bytes_);
    if (!compiled) return compiled.error();
    module_bytes_ = compiled->module;
    code_ = std::span(bytes_).last(compiled->code.size());
    opt_level_ = compiled->opt_level;
    is_forced_ = compiled->is_forced;
  }
  Result<Prepared> prepared = prepare_module(module_bytes_, is_forced_);
  if (!prepared) return prepared.error();
  if (prepared->uses_simd && !is_compiled()) {
    return Error{Rc::kNotCompiled, "the module uses SIMD, which only compiled code can do"};
  }
  prepared_ = std::move(*prepared);
  // The engine does not look at it any more; the map of its offsets is not needed either.
  if (is_compiled()) prepared_.loaded.bytes = {};
  return ok();
}

Status Module::load(std::span<std::uint8_t> bytes, void* trampoline) {
  std::array<char, 128> error{};
  engine_module_.reset(hb_engine_load(bytes.data(), static_cast<std::uint32_t>(bytes.size()),
                                      error.data(), error.size()));
  if (!engine_module_) {
    return Error{Rc::kLoadFailed, "the engine refuses the module: " + engine_reason(error.data())};
  }
  hb_engine_link_functions(engine_module_.get(), trampoline);
  return ok();
}

}  // namespace hb::beamr
