// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A context: one module, one store, one instance, and the state they are in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine.hpp"
#include "guest.hpp"
#include "import_trampoline.hpp"
#include "instance.hpp"
#include "linking.hpp"
#include "module.hpp"
#include "result.hpp"
#include "state.hpp"

namespace hb::beamr {

/// Short enough for a string that takes no memory.
inline constexpr const char* kOutOfMemory = "out of memory";

/// What stands behind hb_beamr_capi_lib_context_t; the header there documents each function. All may
/// throw std::bad_alloc before they have changed anything.
///
/// Threads: one at a time, except request_yield() and request_cancel().
class Context {
 public:
  Context(std::shared_ptr<Engine> engine, StorePtr store) noexcept;
  /// Unwinds a call that is still in progress.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// What host functions get as user_env.
  void set_user_env(void* user_env) noexcept { user_env_ = user_env; }

  State state() const noexcept { return state_; }
  const char* last_error() const noexcept { return last_error_.c_str(); }
  Rc fail(Rc rc, std::string text);
  Rc fail(const Error& error) { return fail(error.rc, error.text); }
  /// Fails where not even a text can be made.
  Rc fail_without_memory(Rc rc) noexcept {
    last_error_ = kOutOfMemory;
    return rc;
  }
  /// nullptr after a start function has trapped, until the next instantiate().
  wasm_store_t* store() const noexcept { return store_.get(); }

  Rc load(std::span<const std::uint8_t> bytes);
  Rc load_cached(std::span<const std::uint8_t> bytes);
  const Module* module() const noexcept { return module_.get(); }
  Rc describe_import(std::uint32_t position, hb_beamr_capi_lib_extern_t* out);
  Rc describe_export(std::uint32_t position, hb_beamr_capi_lib_extern_t* out);

  std::uint64_t instance_size() const noexcept;
  Rc set_stack_size(std::uint32_t bytes);
  Rc force_exception_lowering(bool is_forced);
  Rc use_compiled(hb_beamr_capi_lib_compiled_use_t use);
  Rc share_compiled(bool is_shared);
  Rc set_limits(const hb_beamr_capi_lib_limits_t& limits);
  const hb_beamr_capi_lib_excess_t& excess() const noexcept { return excess_; }
  Rc offer_import(std::string_view module, std::string_view name, Offer offer);
  Rc refuse_unresolved_imports(bool refuse);
  Rc imported_global_type(std::string_view module, std::string_view name, wasm_valkind_t* type);
  Rc instantiate(hb_beamr_capi_user_host_func_callback_t default_callback,
                 std::span<const hb_beamr_capi_native_symbol_t> overrides);

  Rc find_function(std::string_view name, std::uint32_t* function);
  Rc find_table_function(std::uint64_t element, std::uint32_t* function);
  Rc start_call(std::uint32_t function, std::span<const wasm_val_t> args);
  Rc resolve_import(std::span<const wasm_val_t> results);
  Rc trap_import(std::string message);
  Rc find_tag(std::optional<std::string_view> module_name, std::string_view name,
              std::uint32_t* tag);
  Rc throw_import(std::uint32_t tag, std::span<const wasm_val_t> payload);
  Rc resume();
  /// Success if the references among the values are such that the guest may have.
  Rc check_references(std::span<const wasm_val_t> values);
  const hb_beamr_capi_lib_event_t& event() const noexcept { return guest_.event(); }
  std::uint32_t call_depth() const noexcept { return guest_.depth(); }
  const Trap& trap() const noexcept { return trap_; }
  bool is_in_host_function() const noexcept { return running_host_functions_ > 0; }

  void request_yield() noexcept { guest_.request_yield(); }
  void request_cancel(std::uint32_t depth) noexcept { guest_.request_cancel(depth); }
  void reset_cancel() noexcept { guest_.reset_cancel(); }

  Rc memory_size(Instance::MemorySize* size);
  Rc read_memory(std::uint64_t offset, void* dst, std::uint64_t len);
  Rc write_memory(std::uint64_t offset, const void* src, std::uint64_t len);
  Rc grow_memory(std::uint64_t delta, std::uint64_t* previous);
  Rc find_table(std::string_view name, std::uint32_t* table);
  Rc table_type(std::uint32_t table, wasm_valkind_t* element_type);
  Rc table_size(std::uint32_t table, std::uint64_t* elements);
  Rc get_element(std::uint32_t table, std::uint64_t element, wasm_val_t* out);
  Rc set_element(std::uint32_t table, std::uint64_t element, const wasm_val_t& value);
  Rc grow_table(std::uint32_t table, std::uint64_t delta, const wasm_val_t& value,
                std::uint64_t* previous);
  Rc get_global(std::string_view name, wasm_val_t* out);
  /// `value` and `out` are slots: two for a v128.
  Rc set_global(std::string_view name, const wasm_val_t* value);

 private:
  /// The one place that changes the state.
  void move(State to) noexcept;
  /// Success if the state is among those; else the error says what is allowed when.
  Rc require(States allowed, const char* what);
  Rc require_instance(const char* what);
  ModuleSource source_of(std::span<const std::uint8_t> bytes) const noexcept;
  /// nullptr: there is none.
  ModulePtr find_known(const ModuleSource& source);
  /// Whether what this context would load may be loaded; see hb_beamr_capi_lib_use_compiled().
  bool may_run(const ModuleSource& source, const ModulePtr& known) const noexcept;
  void take_module(ModulePtr module);
  static hb_beamr_capi_lib_limits_t no_limits() noexcept;
  /// Fails because of a limit; `name` is static.
  Rc exceed(const char* name, std::uint64_t limit, std::uint64_t wanted);
  /// Whether what the module declares stays within the limits.
  Rc check_limits();
  Rc check_memory_limits(std::uint64_t bytes, std::uint64_t added);
  /// Memory did not grow by `delta` pages: because of a limit, or because of `error`.
  Rc explain_no_growth(std::uint64_t delta, const Error& error);
  Rc require_waiting_import();

  /// Fails with the names of all imports that cannot be linked.
  Status bind_imports(hb_beamr_capi_user_host_func_callback_t default_callback,
                      std::span<const hb_beamr_capi_native_symbol_t> overrides);
  void queue_start_functions();
  Rc run_start_functions();
  void end_start() noexcept;
  void drop_instance();

  /// Handles events until one that the caller must see, and answers it.
  [[gnu::always_inline]] inline Rc proceed(hb_beamr_capi_lib_event_kind_t kind);
  Rc on_trapped();
  hb_beamr_capi_lib_event_kind_t start_next_start_function();
  hb_beamr_capi_lib_event_kind_t run_host_function(const HostFuncEnv& bound);
  std::optional<std::string> call_host_function(const HostFuncEnv& bound);
  void unwind_to(std::uint32_t depth) noexcept;
  Result<std::uint32_t> find_global(std::string_view name) const;
  Rc require_table(std::uint32_t table, const char* what);
  Rc require_element(std::uint32_t table, std::uint64_t element);
  Rc check_element_value(std::uint32_t table, const wasm_val_t& value);

  std::shared_ptr<Engine> engine_;
  StorePtr store_;
  ModulePtr module_;
  Offers offers_;
  std::vector<HostFuncEnv> bindings_;  // one for each imported function
  std::optional<Instance> instance_;   // owned by the store
  Guest guest_;
  std::vector<std::uint32_t> start_functions_;  // still to run, the next one last
  bool is_starting_ = false;                    // a start function runs or waits
  std::uint32_t running_host_functions_ = 0;
  std::uint32_t stack_size_;
  bool force_lowering_ = false;
  hb_beamr_capi_lib_compiled_use_t compiled_use_ = HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN;
  bool share_compiled_ = false;
  hb_beamr_capi_lib_limits_t limits_;
  hb_beamr_capi_lib_excess_t excess_{};
  State state_ = State::kContextCreated;
  Trap trap_;
  std::string last_error_;
  void* user_env_ = nullptr;
};

}  // namespace hb::beamr
