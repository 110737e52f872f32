// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The life of a context up to its instance, and what the instance shows: module, memory, globals.
// Calls are in context_calls.cpp, limits in context_limits.cpp.
#include "context.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "compiled_module.hpp"
#include "text.hpp"

namespace hb::beamr {
namespace {

constexpr std::uint32_t kDefaultStackSize = 512U << 10;
constexpr std::uint32_t kMinStackSize = 4U << 10;
constexpr std::uint32_t kMaxStackSize = 64U << 20;

constexpr const char* kNoCode = "there is no compiled code of the module";

const char* state_name(State state) noexcept {
  switch (state) {
    case State::kContextCreated:
      return "no module is loaded yet";
    case State::kModuleLoaded:
      return "the module is not instantiated yet";
    case State::kInstantiated:
    case State::kTrapped:
      return "no call is in progress";
    case State::kRunning:
      return "a call is running";
    case State::kAwaitingImport:
      return "a call waits for the answer of an import";
    case State::kYielded:
      return "a call has yielded and waits to be resumed";
    case State::kDestroyed:
      return "the context is destroyed";
  }
  return "unknown state";
}

void describe_limits(const Limits& limits, hb_beamr_capi_lib_extern_t* out) noexcept {
  out->is_64 = limits.is_64;
  out->has_maximum = limits.has_maximum;
  out->minimum = limits.minimum;
  out->maximum = limits.maximum;
}

void describe_type(const ModuleDescription& module, wasm_externkind_t kind, std::uint32_t index,
                   hb_beamr_capi_lib_extern_t* out) noexcept {
  out->kind = kind;
  out->index = index;
  out->signature = "";
  switch (kind) {
    case WASM_EXTERN_FUNC:
      out->signature = module.function_type(index).text.c_str();
      break;
    case WASM_EXTERN_GLOBAL:
      out->value_type = module.global_type(index).value_type;
      out->is_mutable = module.global_type(index).is_mutable;
      break;
    case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
      out->signature = module.type(module.tag_type(index)).text.c_str();
      break;
    case WASM_EXTERN_TABLE:
      out->value_type = module.table_type(index).element_type;
      describe_limits(module.table_type(index).limits, out);
      break;
    default:
      describe_limits(module.memory_type(index), out);
      break;
  }
}

bool matches(const hb_beamr_capi_native_symbol_t& symbol, const Import& import) noexcept {
  return symbol.import_module_name != nullptr && symbol.import_function_name != nullptr &&
         import.module == symbol.import_module_name && import.name == symbol.import_function_name;
}

}  // namespace

Context::Context(std::shared_ptr<Engine> engine, StorePtr store) noexcept
    : engine_(std::move(engine)),
      store_(std::move(store)),
      guest_(engine_->stacks()),
      stack_size_(kDefaultStackSize),
      limits_(no_limits()) {}

Context::~Context() {
  if (guest_.depth() > 0) {
    move(State::kRunning);
    unwind_to(0);
    move(State::kTrapped);
  }
  guest_.detach();
  store_.reset();  // and the instance in it, while its module still lives
  move(State::kDestroyed);
}

void Context::move(State to) noexcept {
  // A transition that is not in the table is a defect of this library, and going on would be worse.
  if (!can_move(state_, to)) std::abort();
  state_ = to;
}

Rc Context::fail(Rc rc, std::string text) {
  last_error_ = std::move(text);
  return rc;
}

Rc Context::require(States allowed, const char* what) {
  if (allowed.has(state_)) return Rc::kSuccess;
  return fail(Rc::kInvalidState, std::string(what) + " is not allowed now: " + state_name(state_));
}

Rc Context::require_instance(const char* what) {
  if (state_ == State::kContextCreated) {
    return fail(Rc::kModuleNotLoaded, std::string(what) + " needs a module: load one first");
  }
  if (state_ == State::kModuleLoaded) {
    return fail(Rc::kInstanceNotCreated,
                std::string(what) + " needs an instance: instantiate first");
  }
  return require(kStill, what);
}

ModuleSource Context::source_of(std::span<const std::uint8_t> bytes) const noexcept {
  return {bytes, force_lowering_ && !CompiledModule::is_one(bytes)};
}

ModulePtr Context::find_known(const ModuleSource& source) {
  if (compiled_use_ != HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN) {
    if (ModulePtr module = engine_->modules().find_compiled(source)) return module;
  }
  return engine_->modules().find(source);
}

bool Context::may_run(const ModuleSource& source, const ModulePtr& known) const noexcept {
  return compiled_use_ != HB_BEAMR_CAPI_LIB_COMPILED_REQUIRED ||
         (known ? known->is_compiled() : CompiledModule::is_one(source.bytes));
}

void Context::take_module(ModulePtr module) {
  if (share_compiled_ && module->is_compiled()) engine_->modules().share(module);
  module_ = std::move(module);
  move(State::kModuleLoaded);
}

Rc Context::load(std::span<const std::uint8_t> bytes) {
  if (const Rc rc = require(States(State::kContextCreated), "loading a module");
      rc != Rc::kSuccess) {
    return rc;
  }
  const ModuleSource source = source_of(bytes);
  ModulePtr module = find_known(source);
  if (!may_run(source, module)) return fail(Rc::kNotCompiled, kNoCode);
  if (!module) {
    Result<ModulePtr> prepared =
        Module::prepare(source, reinterpret_cast<void*>(&hb_beamr_import_trampoline));
    if (!prepared) return fail(prepared.error());
    module = engine_->modules().add(std::move(*prepared));
  }
  take_module(std::move(module));
  return Rc::kSuccess;
}

Rc Context::load_cached(std::span<const std::uint8_t> bytes) {
  if (const Rc rc = require(States(State::kContextCreated), "loading a module");
      rc != Rc::kSuccess) {
    return rc;
  }
  const ModuleSource source = source_of(bytes);
  ModulePtr module = find_known(source);
  if (!may_run(source, module)) return fail(Rc::kNotCompiled, kNoCode);
  if (!module) return fail(Rc::kModuleNotLoaded, "the module is not known yet");
  take_module(std::move(module));
  return Rc::kSuccess;
}

Rc Context::describe_import(std::uint32_t position, hb_beamr_capi_lib_extern_t* out) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "describing an import needs a module");
  const auto imports = module_->description().imports();
  if (position >= imports.size()) {
    return fail(Rc::kInvalidArgs, "there are only " + std::to_string(imports.size()) + " imports");
  }
  const Import& import = imports[position];
  *out = {};
  out->module_name = import.module.data();
  out->module_name_len = import.module.size();
  out->name = import.name.data();
  out->name_len = import.name.size();
  describe_type(module_->description(), import.kind, import.index, out);
  return Rc::kSuccess;
}

Rc Context::describe_export(std::uint32_t position, hb_beamr_capi_lib_extern_t* out) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "describing an export needs a module");
  const auto exports = module_->description().exports();
  if (position >= exports.size()) {
    return fail(Rc::kInvalidArgs, "there are only " + std::to_string(exports.size()) + " exports");
  }
  const Export& item = exports[position];
  *out = {};
  out->name = item.name.data();
  out->name_len = item.name.size();
  describe_type(module_->description(), item.kind, item.index, out);
  return Rc::kSuccess;
}

std::uint64_t Context::instance_size() const noexcept {
  if (!module_) return 0;
  // Of the engine's structures for each function, and of each element of a table.
  constexpr std::uint64_t kFunctionSize = 96;
  constexpr std::uint64_t kElementSize = 8;
  const ModuleDescription& module = module_->description();
  std::uint64_t bytes =
      module.segment_bytes() + module.function_count() * kFunctionSize + offers_.image_bytes();
  for (const TableType& table : module.table_types()) {
    // The engine makes room for growth: at least twice as much.
    bytes += 2 * table.limits.minimum * kElementSize;
  }
  return bytes;
}

Rc Context::set_stack_size(std::uint32_t bytes) {
  const States allowed(State::kContextCreated, State::kModuleLoaded);
  if (const Rc rc = require(allowed, "setting the stack size"); rc != Rc::kSuccess) return rc;
  if (bytes < kMinStackSize || bytes > kMaxStackSize) {
    return fail(Rc::kInvalidArgs, "a wasm stack has " + std::to_string(kMinStackSize) + " to " +
                                      std::to_string(kMaxStackSize) + " bytes, not " +
                                      std::to_string(bytes));
  }
  stack_size_ = bytes;
  return Rc::kSuccess;
}

Rc Context::force_exception_lowering(bool is_forced) {
  const States allowed(State::kContextCreated);
  if (const Rc rc = require(allowed, "forcing the lowering of exceptions"); rc != Rc::kSuccess) {
    return rc;
  }
  force_lowering_ = is_forced;
  return Rc::kSuccess;
}

Rc Context::use_compiled(hb_beamr_capi_lib_compiled_use_t use) {
  const States allowed(State::kContextCreated);
  if (const Rc rc = require(allowed, "choosing compiled code"); rc != Rc::kSuccess) return rc;
  if (use < HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN || use > HB_BEAMR_CAPI_LIB_COMPILED_REQUIRED) {
    return fail(Rc::kInvalidArgs, "there is no such use of compiled code: " + std::to_string(use));
  }
  compiled_use_ = use;
  return Rc::kSuccess;
}

Rc Context::share_compiled(bool is_shared) {
  const States allowed(State::kContextCreated);
  if (const Rc rc = require(allowed, "sharing compiled code"); rc != Rc::kSuccess) return rc;
  share_compiled_ = is_shared;
  return Rc::kSuccess;
}

Rc Context::offer_import(std::string_view module, std::string_view name, Offer offer) {
  const States allowed(State::kContextCreated, State::kModuleLoaded);
  if (const Rc rc = require(allowed, "offering an import"); rc != Rc::kSuccess) return rc;
  offers_.add(module, name, std::move(offer));
  return Rc::kSuccess;
}

Rc Context::refuse_unresolved_imports(bool refuse) {
  const States allowed(State::kContextCreated, State::kModuleLoaded);
  if (const Rc rc = require(allowed, "refusing imports"); rc != Rc::kSuccess) return rc;
  offers_.refuse_unresolved(refuse);
  return Rc::kSuccess;
}

Rc Context::imported_global_type(std::string_view module, std::string_view name,
                                 wasm_valkind_t* type) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "looking at an import needs a module");
  const Import* import = module_->description().find_import(WASM_EXTERN_GLOBAL, module, name);
  if (import == nullptr) {
    return fail(Rc::kFunctionLookupFailed,
                "no imported global " + quoted(module) + "." + quoted(name));
  }
  *type = module_->description().global_type(import->index).value_type;
  return Rc::kSuccess;
}

Status Context::bind_imports(hb_beamr_capi_user_host_func_callback_t default_callback,
                             std::span<const hb_beamr_capi_native_symbol_t> overrides) {
  const auto imports = module_->description().imports();
  std::vector<HostFuncEnv> bindings;
  std::string missing;
  for (std::uint32_t position = 0; position < imports.size(); ++position) {
    const Import& import = imports[position];
    HostFuncEnv binding{.guest = &guest_, .position = position, .callback = default_callback};
    for (const hb_beamr_capi_native_symbol_t& symbol : overrides) {
      if (!matches(symbol, import)) continue;
      binding.callback =
          reinterpret_cast<hb_beamr_capi_user_host_func_callback_t>(symbol.user_function);
    }
    if (import.kind == WASM_EXTERN_FUNC) {
      binding.type = &module_->description().function_type(import.index);
      bindings.push_back(binding);
    }
    const auto refusal =
        offers_.refusal(module_->description(), import, binding.callback != nullptr);
    if (!refusal) continue;
    missing += (missing.empty() ? "" : "; ") + *refusal;
  }
  if (!missing.empty()) {
    return Error{Rc::kLinkingFailed, "these imports cannot be linked: " + missing};
  }
  bindings_ = std::move(bindings);
  return ok();
}

void Context::queue_start_functions() {
  const ModuleDescription& module = module_->description();
  start_functions_.clear();
  for (const char* name : {"__wasm_call_ctors", "__post_instantiate"}) {
    const auto function = module.find_export(WASM_EXTERN_FUNC, name);
    if (function && module.function_type(*function).text == "()") {
      start_functions_.push_back(*function);
    }
  }
  if (const auto function = module.start_function()) start_functions_.push_back(*function);
}

Rc Context::instantiate(hb_beamr_capi_user_host_func_callback_t default_callback,
                        std::span<const hb_beamr_capi_native_symbol_t> overrides) {
  if (state_ == State::kContextCreated) {
    return fail(Rc::kModuleNotLoaded, "instantiating needs a module: load one first");
  }
  if (const Rc rc = require(States(State::kModuleLoaded), "instantiating"); rc != Rc::kSuccess) {
    return rc;
  }
  if (const Rc rc = check_limits(); rc != Rc::kSuccess) return rc;
  if (!store_) store_.reset(wasm_store_new(engine_->get()));
  if (!store_) return fail(Rc::kAllocationFailed, "memory is short: no store for the instance");
  if (Status bound = bind_imports(default_callback, overrides); !bound) return fail(bound.error());
  queue_start_functions();  // whatever fails does so before there is an instance
  Result<Instance> instance = Instance::create(store_.get(), *module_, stack_size_, limits_,
                                               bindings_, offers_.given(module_->description()));
  if (!instance) return fail(instance.error());
  instance_ = *instance;
  guest_.attach(instance_->handle(), instance_->exec_env(), *module_, stack_size_);
  if (start_functions_.empty()) {
    end_start();
    move(State::kInstantiated);
    return Rc::kSuccess;
  }
  return run_start_functions();
}

void Context::drop_instance() {
  guest_.detach();
  instance_.reset();
  start_functions_.clear();
  is_starting_ = false;
  store_.reset();  // nothing else frees what is in it
}

Rc Context::memory_size(Instance::MemorySize* size) {
  *size = {};
  if (state_ != State::kYielded) {  // the guest stands still then, too, if only for a while
    if (const Rc rc = require_instance("looking at the memory"); rc != Rc::kSuccess) return rc;
  }
  const auto known = instance_->memory_size();
  if (!known) return fail(Rc::kMemoryUnavailable, "the module has no memory");
  *size = *known;
  return Rc::kSuccess;
}

Rc Context::read_memory(std::uint64_t offset, void* dst, std::uint64_t len) {
  if (const Rc rc = require_instance("reading memory"); rc != Rc::kSuccess) return rc;
  const Status status = instance_->read_memory(offset, dst, len);
  return status ? Rc::kSuccess : fail(status.error());
}

Rc Context::write_memory(std::uint64_t offset, const void* src, std::uint64_t len) {
  if (const Rc rc = require_instance("writing memory"); rc != Rc::kSuccess) return rc;
  const Status status = instance_->write_memory(offset, src, len);
  return status ? Rc::kSuccess : fail(status.error());
}

Rc Context::grow_memory(std::uint64_t delta, std::uint64_t* previous) {
  if (const Rc rc = require_instance("growing memory"); rc != Rc::kSuccess) return rc;
  Result<std::uint64_t> grown = instance_->grow_memory(delta);
  if (!grown) return explain_no_growth(delta, grown.error());
  if (previous != nullptr) *previous = *grown;
  return Rc::kSuccess;
}

Result<std::uint32_t> Context::find_global(std::string_view name) const {
  const auto global = module_->description().find_export(WASM_EXTERN_GLOBAL, name);
  if (!global) return Error{Rc::kFunctionLookupFailed, "no exported global " + quoted(name)};
  const GlobalType& type = module_->description().global_type(*global);
  if (!is_passable(type.value_type)) {
    return Error{Rc::kSignatureParseFailed, "global " + quoted(name) + " is a " +
                                                value_name(type.value_type) +
                                                ", not a number, v128, funcref or externref"};
  }
  return *global;
}

Rc Context::get_global(std::string_view name, wasm_val_t* out) {
  if (const Rc rc = require_instance("reading a global"); rc != Rc::kSuccess) return rc;
  Result<std::uint32_t> global = find_global(name);
  if (!global) return fail(global.error());
  const wasm_valkind_t kind = module_->description().global_type(*global).value_type;
  const OneValue value = instance_->get_global(*global, kind);
  std::copy_n(value.begin(), slot_count(kind), out);
  return Rc::kSuccess;
}

Rc Context::set_global(std::string_view name, const wasm_val_t* value) {
  if (const Rc rc = require_instance("writing a global"); rc != Rc::kSuccess) return rc;
  Result<std::uint32_t> global = find_global(name);
  if (!global) return fail(global.error());
  const GlobalType& type = module_->description().global_type(*global);
  if (!type.is_mutable) {
    return fail(Rc::kInvalidArgs, "global " + quoted(name) + " is immutable");
  }
  const std::span slots(value, slot_count(value->kind));
  for (const wasm_val_t& slot : slots) {
    if (slot.kind == type.value_type) continue;
    return fail(Rc::kInvalidArgs, "global " + quoted(name) + " is of type " +
                                      value_name(type.value_type) + ", the value is of type " +
                                      value_name(slot.kind));
  }
  if (const Rc rc = check_references(slots); rc != Rc::kSuccess) return rc;
  instance_->set_global(*global, slots);
  return Rc::kSuccess;
}

}  // namespace hb::beamr
