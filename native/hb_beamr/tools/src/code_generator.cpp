// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "code_generator.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

#include "aot_export.h"
#include "engine_deleter.hpp"
#include "wasm_export.h"

namespace hb::beamr {
namespace {

using ModuleOwner = std::unique_ptr<WASMModuleCommon, EngineDeleter<wasm_runtime_unload>>;
using DataOwner = std::unique_ptr<AOTCompData, EngineDeleter<aot_destroy_comp_data>>;
using ContextOwner = std::unique_ptr<AOTCompContext, EngineDeleter<aot_destroy_comp_context>>;
using FileOwner = std::unique_ptr<std::uint8_t, EngineDeleter<wasm_runtime_free>>;

/// The engine and its compiler, while they are needed.
class Compiler {
 public:
  Compiler() {
    RuntimeInitArgs args{};
    args.mem_alloc_type = Alloc_With_System_Allocator;
    is_ready_ = wasm_runtime_full_init(&args) && aot_compiler_init();
  }
  ~Compiler() {
    if (!is_ready_) return;
    aot_compiler_destroy();
    wasm_runtime_destroy();
  }
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  bool is_ready() const noexcept { return is_ready_; }

 private:
  bool is_ready_ = false;
};

Failure refused(std::string_view text) {
  const bool is_short = text.find("allocate memory failed") != std::string_view::npos;
  return {is_short ? ExitCode::kLimit : ExitCode::kRefused, std::string(text)};
}

Failure last_error() {
  const char* text = aot_get_last_error();
  std::string_view reason = text == nullptr ? "" : text;
  if (reason.starts_with("Error: ")) reason.remove_prefix(7);
  return refused(reason.empty() ? "the compiler gave no reason" : reason);
}

/// A file in memory, where LLVM notes how much stack each function needs.
class ScratchFile {
 public:
  ScratchFile() : descriptor_(::memfd_create("stack-usage", MFD_CLOEXEC)) {
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }
  ~ScratchFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  const char* path() const noexcept { return path_.c_str(); }

 private:
  int descriptor_;
  std::string path_;
};

void set_options(const CodeOptions& options, AOTCompOption* out) {
  // The engine's own interface takes what it does not change as if it did.
  out->target_arch = const_cast<char*>(options.architecture.c_str());
  out->target_cpu = const_cast<char*>(options.processor.c_str());
  if (!options.features.empty()) out->cpu_features = const_cast<char*>(options.features.c_str());
  out->opt_level = options.opt_level;
  out->size_level = 3;  // code and data within 2 GiB of each other
  out->output_format = AOT_FORMAT_FILE;
  // Checks in the code itself: without them it would count on signals.
  out->bounds_checks = 1;
  out->stack_bounds_checks = 1;
  out->enable_thread_mgr = true;  // checks whether to yield
  out->enable_bulk_memory = true;
  out->enable_bulk_memory_opt = true;
  out->enable_ref_types = true;
  out->enable_call_indirect_overlong = true;
  out->enable_tail_call = true;
  out->enable_extended_const = true;
  out->enable_simd = true;
  aot_call_stack_features_init_default(&out->call_stack_features);
  out->call_stack_features.values = false;
  out->call_stack_features.frame_per_function = true;
  out->aux_stack_frame_type = options.keep_frames ? AOT_STACK_FRAME_TYPE_TINY : AOT_STACK_FRAME_OFF;
}

}  // namespace

Outcome<std::vector<std::uint8_t>> generate_code(std::vector<std::uint8_t>& module,
                                                 const CodeOptions& options,
                                                 const OnStep& on_step) {
  const Compiler compiler;
  if (!compiler.is_ready()) return Failure{ExitCode::kInternal, "the engine did not start"};

  on_step(0.0, "reading the module");
  static char no_name[1] = "";
  LoadArgs args{};
  args.name = no_name;
  std::array<char, 256> error{};
  const ModuleOwner loaded(
      wasm_runtime_load_ex(module.data(), static_cast<std::uint32_t>(module.size()), &args,
                           error.data(), static_cast<std::uint32_t>(error.size())));
  if (!loaded) return refused(std::string("the engine refuses the module: ") + error.data());

  AOTCompOption option{};
  CodeOptions own = options;
  set_options(own, &option);
  const ScratchFile stack_usage;
  if (!stack_usage) return Failure{ExitCode::kFile, "cannot make a file in memory"};
  option.stack_usage_file = stack_usage.path();
  const DataOwner data(aot_create_comp_data(loaded.get(), option.target_arch, false));
  if (!data) return last_error();
  const ContextOwner context(aot_create_comp_context(data.get(), &option));
  if (!context) return last_error();

  on_step(0.1, options.opt_level == 0 ? "translating" : "translating and optimising");
  if (!aot_compile_wasm(context.get())) return last_error();

  on_step(0.6, "generating code");
  std::uint32_t size = 0;
  const FileOwner file(aot_emit_aot_file_buf(context.get(), data.get(), &size));
  if (!file) return last_error();
  return std::vector<std::uint8_t>(file.get(), file.get() + size);
}

}  // namespace hb::beamr
