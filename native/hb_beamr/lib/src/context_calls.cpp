// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Calls: from a request of the host to the event that it must see, and the state that follows.
#include <algorithm>
#include <new>
#include <utility>

#include "context.hpp"
#include "text.hpp"

namespace hb::beamr {
namespace {

constexpr std::string_view kFunctionTable = "__indirect_function_table";

/// Host functions of one context that run at once. They nest on the driving thread's stack, whose size
/// only its owner knows: half of the usual 8 MiB are enough for so many, also with a sanitizer's frames.
constexpr std::uint32_t kMostHostFunctions = 500;

/// Counts a host function while it runs.
class Counted {
 public:
  explicit Counted(std::uint32_t& count) noexcept : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::uint32_t& count_;
};

}  // namespace

// Inlined into its callers: see Fiber for why frames are few between them and the guest.
Rc Context::proceed(hb_beamr_capi_lib_event_kind_t kind) {
  for (;;) {
    switch (kind) {
      case HB_BEAMR_CAPI_LIB_EVENT_COMPLETED:
        if (guest_.depth() > 0) {
          move(State::kAwaitingImport);
          return Rc::kSuccess;
        }
        if (!start_functions_.empty()) {
          kind = start_next_start_function();
          break;
        }
        if (is_starting_) [[unlikely]]
          end_start();
        move(State::kInstantiated);
        return Rc::kSuccess;
      case HB_BEAMR_CAPI_LIB_EVENT_YIELDED:
        move(State::kYielded);
        return Rc::kYielded;
      case HB_BEAMR_CAPI_LIB_EVENT_IMPORT: {
        move(State::kAwaitingImport);
        const HostFuncEnv& bound = guest_.waiting_binding();
        if (bound.is_deferred()) return Rc::kAwaitingImport;
        kind = run_host_function(bound);
        break;
      }
      default:
        return on_trapped();
    }
  }
}

Rc Context::find_function(std::string_view name, std::uint32_t* function) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "finding a function needs a module");
  const auto found = module_->description().find_export(WASM_EXTERN_FUNC, name);
  if (!found) {
    return fail(Rc::kFunctionLookupFailed, "no exported function " + quoted(name));
  }
  *function = *found;
  return Rc::kSuccess;
}

Rc Context::find_table_function(std::uint64_t element, std::uint32_t* function) {
  if (const Rc rc = require_instance("looking at a table"); rc != Rc::kSuccess) return rc;
  const ModuleDescription& module = module_->description();
  std::optional<std::uint32_t> table = module.find_export(WASM_EXTERN_TABLE, kFunctionTable);
  if (table && module.table_type(*table).element_type != WASM_FUNCREF) table.reset();
  for (const Export& item : module.exports()) {
    if (table) break;
    if (item.kind == WASM_EXTERN_TABLE &&
        module.table_type(item.index).element_type == WASM_FUNCREF) {
      table = item.index;
    }
  }
  if (!table) return fail(Rc::kFunctionLookupFailed, "the module exports no function table");
  Result<std::uint32_t> found = instance_->table_function(*table, element);
  if (!found) return fail(found.error());
  *function = *found;
  return Rc::kSuccess;
}

Rc Context::start_call(std::uint32_t function, std::span<const wasm_val_t> args) {
  if (const Rc rc = require_instance("a call"); rc != Rc::kSuccess) return rc;
  if (function >= module_->description().function_count()) {
    return fail(Rc::kFunctionLookupFailed, "no function " + std::to_string(function));
  }
  const FunctionType& type = module_->description().function_type(function);
  if (guest_.depth() >= limits_.max_call_depth) [[unlikely]]
    return exceed("call_depth", limits_.max_call_depth, std::uint64_t{guest_.depth()} + 1);
  if (type.results.size() > limits_.max_results) [[unlikely]]
    return exceed("results", limits_.max_results, type.results.size());
  if (!type.is_passable) {
    return fail(Rc::kSignatureParseFailed,
                "a function of type " + type.text +
                    " cannot be called: only numbers, v128, funcref and externref can be passed");
  }
  if (!values_match(args, type.param_slots)) {
    return fail(Rc::kInvalidArgs, "the function takes " + describe_types(type.param_slots) +
                                      " and was given " + describe_types(args));
  }
  if (type.has_references) {
    if (const Rc rc = check_references(args); rc != Rc::kSuccess) return rc;
  }
  if (!guest_.prepare_call(type)) {
    return fail(Rc::kAllocationFailed, "memory is short: no stack for the call");
  }
  if (trap_.kind != HB_BEAMR_CAPI_LIB_TRAP_NONE) trap_ = {};
  move(State::kRunning);
  return proceed(guest_.call(function, args));
}

Rc Context::require_waiting_import() {
  if (const Rc rc = require(States(State::kAwaitingImport), "answering an import");
      rc != Rc::kSuccess) {
    return rc;
  }
  if (!guest_.waiting_binding().is_deferred()) {
    return fail(Rc::kInvalidState,
                "answering an import is not allowed now: its host function is running");
  }
  return Rc::kSuccess;
}

Rc Context::resolve_import(std::span<const wasm_val_t> results) {
  if (const Rc rc = require_waiting_import(); rc != Rc::kSuccess) return rc;
  const FunctionType& type = *guest_.waiting_binding().type;
  if (!values_match(results, type.result_slots)) {
    return fail(Rc::kInvalidArgs, "the import gives " + describe_types(type.result_slots) +
                                      " and was answered with " + describe_types(results));
  }
  if (type.has_references) {
    if (const Rc rc = check_references(results); rc != Rc::kSuccess) return rc;
  }
  std::copy(results.begin(), results.end(), guest_.waiting_results().data);
  move(State::kRunning);
  return proceed(guest_.answer());
}

Rc Context::trap_import(std::string message) {
  if (const Rc rc = require_waiting_import(); rc != Rc::kSuccess) return rc;
  if (message.empty()) message = "trapped by the host";
  move(State::kRunning);
  return proceed(guest_.trap(std::move(message)));
}

Rc Context::find_tag(std::optional<std::string_view> module_name, std::string_view name,
                     std::uint32_t* tag) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "finding a tag needs a module");
  if (!module_name) {
    if (const auto found = module_->description().find_export(HB_BEAMR_CAPI_LIB_EXTERN_TAG, name)) {
      *tag = *found;
      return Rc::kSuccess;
    }
    return fail(Rc::kFunctionLookupFailed, "no exported tag " + quoted(name));
  }
  if (const Import* import =
          module_->description().find_import(HB_BEAMR_CAPI_LIB_EXTERN_TAG, *module_name, name)) {
    *tag = import->index;
    return Rc::kSuccess;
  }
  return fail(Rc::kFunctionLookupFailed,
              "no imported tag " + quoted(*module_name) + "." + quoted(name));
}

Rc Context::throw_import(std::uint32_t tag, std::span<const wasm_val_t> payload) {
  if (const Rc rc = require_waiting_import(); rc != Rc::kSuccess) return rc;
  const ModuleDescription& module = module_->description();
  if (tag >= module.tag_count()) {
    return fail(Rc::kFunctionLookupFailed, "no tag " + std::to_string(tag));
  }
  const FunctionType& type = module.type(module.tag_type(tag));
  if (!values_match(payload, type.param_slots)) {
    return fail(Rc::kInvalidArgs, "the exception has " + describe_types(type.param_slots) +
                                      " and was given " + describe_types(payload));
  }
  if (const Rc rc = check_references(payload); rc != Rc::kSuccess) return rc;
  move(State::kRunning);
  return proceed(guest_.throw_exception(tag, payload));
}

Rc Context::check_references(std::span<const wasm_val_t> values) {
  const std::uint32_t functions = module_->description().function_count();
  for (const wasm_val_t& value : values) {
    if (const auto fault = reference_fault(value, functions)) return fail(Rc::kInvalidArgs, *fault);
  }
  return Rc::kSuccess;
}

Rc Context::resume() {
  if (const Rc rc = require(States(State::kYielded), "resuming"); rc != Rc::kSuccess) return rc;
  move(State::kRunning);
  return proceed(guest_.resume());
}

Rc Context::on_trapped() {
  const bool is_cancelled = guest_.trapped_by_cancel();
  trap_ = {};
  try {
    trap_ = guest_.take_trap();
    last_error_ = "Exception: " + trap_.message;
  } catch (const std::bad_alloc&) {
    guest_.discard_trap();
    trap_.kind = HB_BEAMR_CAPI_LIB_TRAP_OTHER;
    trap_.message = kOutOfMemory;
    trap_.frames.clear();
    fail_without_memory(Rc::kCallFailed);
  }
  if (guest_.depth() > 0) {
    move(State::kAwaitingImport);
  } else if (is_starting_) {
    drop_instance();
    move(State::kModuleLoaded);
  } else {
    move(State::kTrapped);
  }
  return is_cancelled ? Rc::kCancelled : Rc::kCallFailed;
}

/// What was kept in case that it has to be tried again goes: images of memories can be large.
void Context::end_start() noexcept {
  is_starting_ = false;
  offers_ = {};
}

Rc Context::run_start_functions() {
  is_starting_ = true;
  move(State::kRunning);
  return proceed(start_next_start_function());
}

hb_beamr_capi_lib_event_kind_t Context::start_next_start_function() {
  const std::uint32_t function = start_functions_.back();
  start_functions_.pop_back();
  return guest_.prepare_call(module_->description().function_type(function))
             ? guest_.call(function, {})
             : guest_.fail_to_start();
}

hb_beamr_capi_lib_event_kind_t Context::run_host_function(const HostFuncEnv& bound) {
  const std::uint32_t depth = guest_.depth();
  std::optional<std::string> trap_message;
  try {
    trap_message = call_host_function(bound);
    if (guest_.depth() > depth) {
      trap_message = "a host function returned while a call that it had started was going on";
    }
  } catch (const std::bad_alloc&) {
    trap_message = kOutOfMemory;
  } catch (...) {
    trap_message = "a host function threw a C++ exception";
  }
  move(State::kRunning);
  unwind_to(depth);
  return trap_message ? guest_.trap(std::move(*trap_message)) : guest_.answer();
}

/// Answers the trap's message, if it traps.
std::optional<std::string> Context::call_host_function(const HostFuncEnv& bound) {
  if (running_host_functions_ == kMostHostFunctions) {
    return "host functions are nested more than " + std::to_string(kMostHostFunctions) + " deep";
  }
  const FunctionType& type = *bound.type;
  wasm_val_vec_t& results = guest_.waiting_results();
  {
    const Counted counted(running_host_functions_);
    const TrapPtr trap(bound.callback(user_env_, &guest_.waiting_args(), &results));
    if (trap != nullptr) {
      std::string message = trap_message(trap.get());
      return message.empty() ? "a host function trapped without a message" : message;
    }
  }
  const std::span<const wasm_val_t> given(results.data, type.result_slots.size());
  if (values_match(given, type.result_slots)) {
    if (!type.has_references || check_references(given) == Rc::kSuccess) return std::nullopt;
    return "a host function gave " + last_error_;
  }
  return "a host function of type " + type.text + " gave " + describe_types(given);
}

/// Ends nested calls, innermost first, until only `depth` are left.
void Context::unwind_to(std::uint32_t depth) noexcept {
  if (guest_.depth() == depth) return;
  guest_.request_cancel(depth + 1);
  while (guest_.depth() > depth) guest_.resume();
  guest_.discard_trap();
}

}  // namespace hb::beamr
