// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The guest yields at every check, and the run counts: after so many yields and imports it cancels the
// call. So an endless guest ends at the same place each time, without a clock.
#include "guest_run.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine_access.h"
#include "hb_beamr_capi_lib.h"

// The library forgets a request to yield that was made before the call, so the flag is set where the
// call enters the engine (the linker's --wrap).
extern "C" {
bool __real_wasm_runtime_call_wasm(wasm_exec_env_t exec_env, wasm_function_inst_t function,
                                   uint32_t argc, uint32_t argv[]);
bool __wrap_wasm_runtime_call_wasm(wasm_exec_env_t exec_env, wasm_function_inst_t function,
                                   uint32_t argc, uint32_t argv[]);

bool __wrap_wasm_runtime_call_wasm(wasm_exec_env_t exec_env, wasm_function_inst_t function,
                                   uint32_t argc, uint32_t argv[]) {
  __atomic_store_n(hb_engine_suspend_flag(exec_env), 1, __ATOMIC_SEQ_CST);
  return __real_wasm_runtime_call_wasm(exec_env, function, argc, argv);
}
}

namespace hb::beamr::fuzz {
namespace {

/// Of one call, and of all calls of an input.
constexpr unsigned kMaxEventsOfCall = 300;
constexpr unsigned kMaxEvents = 2000;
constexpr std::uint32_t kMaxCalls = 40;
constexpr std::uint32_t kMaxDepth = 3;
/// Address space of that size is quick to get; a guest is too slow to touch it all.
constexpr std::uint64_t kMaxPages = 1024;
constexpr std::uint64_t kMaxElements = 10'000;

struct ContextDeleter {
  void operator()(hb_beamr_capi_lib_context_t* ctx) const {
    hb_beamr_capi_lib_destroy_context(ctx);
  }
};
using ContextPtr = std::unique_ptr<hb_beamr_capi_lib_context_t, ContextDeleter>;

class Run {
 public:
  Run(hb_beamr_capi_lib_context_t* ctx, Input choices, RunOptions options, Trace& trace) noexcept
      : ctx_(ctx), choices_(choices), options_(options), trace_(trace) {}

  void all() {
    if (!describe()) return;
    hb_beamr_capi_lib_set_wasm_stack_size(ctx_, 16U << 10);
    offer_globals();
    auto* defer = reinterpret_cast<void*>(&hb_beamr_capi_lib_defer_import);
    settle(hb_beamr_capi_lib_instantiate(ctx_, defer, nullptr, 0), 0);
    if (hb_beamr_capi_lib_get_state(ctx_) != HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED) return;
    call_everything();
    use_table();
    use_memory();
    use_globals();
    leave_a_call_waiting();
  }

 private:
  using Rc = hb_beamr_capi_lib_rc_t;

  static void read(const char* bytes, std::size_t size) {
    HB_FUZZ_CHECK(std::string(bytes, size).size() == size);  // the sanitizer sees what is read
  }

  /// False if the module declares more memory or elements than a fuzzer should touch.
  bool describe() {
    hb_beamr_capi_lib_extern_t item{};
    bool is_small = true;
    const auto look_at = [&] {
      if (item.module_name != nullptr) read(item.module_name, item.module_name_len);
      read(item.name, item.name_len);
      HB_FUZZ_CHECK(item.signature != nullptr);
      const bool is_memory = item.kind == WASM_EXTERN_MEMORY;
      if (is_memory && item.minimum > kMaxPages) is_small = false;
      if (item.kind == WASM_EXTERN_TABLE && item.minimum > kMaxElements) is_small = false;
    };
    const std::uint32_t imports = hb_beamr_capi_lib_import_count(ctx_);
    for (std::uint32_t i = 0; i < imports; ++i) {
      HB_FUZZ_CHECK(hb_beamr_capi_lib_get_import(ctx_, i, &item) == HB_BEAMR_CAPI_LIB_SUCCESS);
      look_at();
    }
    const std::uint32_t exports = hb_beamr_capi_lib_export_count(ctx_);
    for (std::uint32_t i = 0; i < exports; ++i) {
      HB_FUZZ_CHECK(hb_beamr_capi_lib_get_export(ctx_, i, &item) == HB_BEAMR_CAPI_LIB_SUCCESS);
      look_at();
      exports_.push_back(item);
    }
    HB_FUZZ_CHECK(hb_beamr_capi_lib_get_import(ctx_, imports, &item) ==
                  HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
    return is_small;
  }

  /// So that imported globals are no reason not to link.
  void offer_globals() {
    hb_beamr_capi_lib_extern_t item{};
    for (std::uint32_t i = 0; i < hb_beamr_capi_lib_import_count(ctx_); ++i) {
      hb_beamr_capi_lib_get_import(ctx_, i, &item);
      if (item.kind != WASM_EXTERN_GLOBAL) continue;
      const wasm_val_t half = value(item.value_type);
      const std::array<wasm_val_t, 2> val{half, half};  // the second one only of a v128
      const hb_beamr_capi_lib_offer_t offer{.module_name = item.module_name,
                                            .module_name_len = item.module_name_len,
                                            .name = item.name,
                                            .name_len = item.name_len,
                                            .type = nullptr,
                                            .value = val.data(),
                                            .image = nullptr,
                                            .image_len = 0};
      HB_FUZZ_CHECK(hb_beamr_capi_lib_offer_import(ctx_, &offer) == HB_BEAMR_CAPI_LIB_SUCCESS);
    }
  }

  void note(std::uint64_t what) { trace_.events.push_back(what); }
  void note(std::uint32_t count, const wasm_val_t* given) {
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint64_t bits = 0;
      const bool is_narrow = given[i].kind == WASM_I32 || given[i].kind == WASM_F32;
      std::memcpy(&bits, &given[i].of, is_narrow ? 4 : 8);
      const bool is_nan = (given[i].kind == WASM_F32 && std::isnan(given[i].of.f32)) ||
                          (given[i].kind == WASM_F64 && std::isnan(given[i].of.f64));
      note(is_nan && options_.nans_are_equal ? UINT64_MAX : bits);
    }
  }

  wasm_val_t value(wasm_valkind_t kind) {
    wasm_val_t val{};
    val.kind = kind;
    if (kind == WASM_FUNCREF || kind == WASM_EXTERNREF) {
      // Most often null or one of the first functions; sometimes what there is not.
      val.of.i64 = choices_.one_in(8) ? choices_.take<std::int32_t>() : choices_.byte() % 4 - 1;
      return val;
    }
    val.of.i64 = choices_.one_in(4) ? choices_.take<std::int64_t>() : choices_.byte();
    return val;
  }

  std::vector<wasm_val_t> values(const char* types) {
    std::vector<wasm_val_t> list;
    for (; *types != '\0' && *types != ')'; ++types) {
      switch (*types) {
        case 'i':
          list.push_back(value(WASM_I32));
          break;
        case 'I':
          list.push_back(value(WASM_I64));
          break;
        case 'f':
          list.push_back(value(WASM_F32));
          break;
        case 'F':
          list.push_back(value(WASM_F64));
          break;
        case 'p':
          list.push_back(value(WASM_FUNCREF));
          break;
        default:
          list.push_back(value(WASM_EXTERNREF));
          break;
      }
    }
    return list;
  }

  /// Drives what a function of the library began, until it has ended.
  void settle(Rc rc, std::uint32_t depth) {
    for (unsigned events = 0;; ++events, ++all_events_) {
      if (events > kMaxEventsOfCall || all_events_ > kMaxEvents) {
        hb_beamr_capi_lib_request_cancel(ctx_);
        trace_.is_whole = false;
      }
      if (rc == HB_BEAMR_CAPI_LIB_YIELDED) {
        hb_beamr_capi_lib_request_yield(ctx_);
        rc = hb_beamr_capi_lib_resume(ctx_);
      } else if (rc == HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) {
        rc = answer(depth);
      } else {
        break;
      }
    }
    HB_FUZZ_CHECK(rc != HB_BEAMR_CAPI_LIB_ERROR_INTERNAL);
    note(rc);
    if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED) look_at_trap();
    if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
      const hb_beamr_capi_lib_event_t& event = *hb_beamr_capi_lib_get_event(ctx_);
      note(event.num_values, event.values);
    }
    if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
      const std::string error = hb_beamr_capi_lib_get_last_error(ctx_);
      HB_FUZZ_CHECK(!error.empty());
    }
  }

  Rc answer(std::uint32_t depth) {
    const hb_beamr_capi_lib_event_t& event = *hb_beamr_capi_lib_get_event(ctx_);
    const std::string signature = event.signature;
    note(event.import_position);
    note(event.num_values, event.values);
    if (choices_.one_in(8) && depth < kMaxDepth) call_something(depth + 1);
    if (choices_.one_in(16)) use_memory();
    const char* results = signature.c_str() + signature.find(')') + 1;
    if (!choices_.one_in(8)) {
      std::vector<wasm_val_t> list = values(results);
      const Rc rc = hb_beamr_capi_lib_resolve_import(ctx_, static_cast<std::uint32_t>(list.size()),
                                                     list.data());
      if (rc != HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS) return rc;
    }
    if (choices_.one_in(2)) {
      const Rc rc = throw_something();
      if (rc != HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS &&
          rc != HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
        return rc;
      }
    }
    return hb_beamr_capi_lib_trap_import(ctx_, "no", 2);
  }

  /// An exception of the first tags, if the module has any.
  Rc throw_something() {
    const auto tag = static_cast<std::uint32_t>(choices_.below(3));
    std::uint32_t num_values = 0;
    const wasm_valkind_t* kinds = nullptr;
    const Rc rc = hb_beamr_capi_lib_tag_type(ctx_, tag, &num_values, &kinds);
    if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return rc;
    std::vector<wasm_val_t> list;
    for (std::uint32_t i = 0; i < num_values; ++i) list.push_back(value(kinds[i]));
    return hb_beamr_capi_lib_throw_import(ctx_, tag, num_values, list.data());
  }

  void look_at_trap() {
    hb_beamr_capi_lib_trap_t trap{};
    HB_FUZZ_CHECK(hb_beamr_capi_lib_get_trap(ctx_, &trap) == HB_BEAMR_CAPI_LIB_SUCCESS);
    for (std::uint32_t i = 0; i < trap.num_frames; ++i) {
      if (trap.frames[i].name != nullptr) read(trap.frames[i].name, trap.frames[i].name_len);
    }
    note(trap.kind);
    note(trap.num_payload, trap.payload);
    // How deep a guest gets depends on how many values its frames have.
    if (trap.kind == HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW) trace_.is_whole = false;
  }

  void call(std::uint32_t function, std::uint32_t depth) {
    const char* signature = nullptr;
    HB_FUZZ_CHECK(hb_beamr_capi_lib_function_type(ctx_, function, nullptr, nullptr, nullptr,
                                                  nullptr,
                                                  &signature) == HB_BEAMR_CAPI_LIB_SUCCESS);
    const std::vector<wasm_val_t> args = values(signature + 1);
    settle(hb_beamr_capi_lib_start_call(ctx_, function, static_cast<std::uint32_t>(args.size()),
                                        args.data()),
           depth);
    if (hb_beamr_capi_lib_call_depth(ctx_) == 0) hb_beamr_capi_lib_reset_cancel(ctx_);
  }

  void call_everything() {
    std::uint32_t calls = 0;
    for (const hb_beamr_capi_lib_extern_t& item : exports_) {
      if (item.kind == WASM_EXTERN_FUNC && ++calls <= kMaxCalls) call(item.index, 0);
    }
  }

  void call_something(std::uint32_t depth) {
    if (exports_.empty()) return;
    const hb_beamr_capi_lib_extern_t& item = exports_[choices_.below(exports_.size())];
    if (item.kind == WASM_EXTERN_FUNC) call(item.index, depth);
  }

  void use_table() {
    for (std::uint64_t element : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
      std::uint32_t function = 0;
      const Rc rc = hb_beamr_capi_lib_find_table_function(ctx_, element, &function);
      if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) call(function, 0);
    }
    for (const hb_beamr_capi_lib_extern_t& item : exports_) {
      if (item.kind == WASM_EXTERN_TABLE) use_elements(item);
    }
  }

  void use_elements(const hb_beamr_capi_lib_extern_t& item) {
    std::uint32_t table = 0;
    std::uint64_t size = 0;
    HB_FUZZ_CHECK(hb_beamr_capi_lib_find_table(ctx_, item.name, item.name_len, &table) ==
                  HB_BEAMR_CAPI_LIB_SUCCESS);
    HB_FUZZ_CHECK(hb_beamr_capi_lib_table_size(ctx_, table, &size) == HB_BEAMR_CAPI_LIB_SUCCESS);
    note(size);
    wasm_val_t val{};
    for (const std::uint64_t element : {std::uint64_t{0}, size - 1, size, UINT64_MAX}) {
      const Rc rc = hb_beamr_capi_lib_table_get(ctx_, table, element, &val);
      HB_FUZZ_CHECK((rc == HB_BEAMR_CAPI_LIB_SUCCESS) == (element < size));
      if (element >= size) continue;
      note(1, &val);
      HB_FUZZ_CHECK(hb_beamr_capi_lib_table_set(ctx_, table, element, &val) ==
                    HB_BEAMR_CAPI_LIB_SUCCESS);
    }
    val = value(item.value_type);
    std::uint64_t before = 0;
    if (hb_beamr_capi_lib_table_grow(ctx_, table, 1, &val, &before) == HB_BEAMR_CAPI_LIB_SUCCESS) {
      HB_FUZZ_CHECK(before == size);
    }
  }

  void use_memory() {
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    std::array<char, 8> bytes{};
    const bool has_memory =
        hb_beamr_capi_lib_memory_size(ctx_, &size, &pages) == HB_BEAMR_CAPI_LIB_SUCCESS;
    const auto fits = [&](std::uint64_t offset) {
      const Rc read = hb_beamr_capi_lib_read_memory(ctx_, offset, bytes.data(), bytes.size());
      const Rc write = hb_beamr_capi_lib_write_memory(ctx_, offset, bytes.data(), bytes.size());
      HB_FUZZ_CHECK(read == write);
      return read == HB_BEAMR_CAPI_LIB_SUCCESS;
    };
    HB_FUZZ_CHECK(fits(0) == (has_memory && size > 0));
    HB_FUZZ_CHECK(fits(size - bytes.size()) == (has_memory && size > 0));
    HB_FUZZ_CHECK(!fits(size - bytes.size() + 1));
    HB_FUZZ_CHECK(!fits(UINT64_MAX));
    std::uint64_t before = 0;
    if (hb_beamr_capi_lib_grow_memory(ctx_, 1, &before) == HB_BEAMR_CAPI_LIB_SUCCESS) {
      HB_FUZZ_CHECK(before == pages && fits(size));
    }
  }

  void use_globals() {
    for (const hb_beamr_capi_lib_extern_t& item : exports_) {
      if (item.kind != WASM_EXTERN_GLOBAL) continue;
      std::array<wasm_val_t, 2> val{};
      const Rc read = hb_beamr_capi_lib_get_global(ctx_, item.name, item.name_len, val.data());
      const Rc write = hb_beamr_capi_lib_set_global(ctx_, item.name, item.name_len, val.data());
      if (read == HB_BEAMR_CAPI_LIB_SUCCESS) note(1, val.data());
      HB_FUZZ_CHECK((write == HB_BEAMR_CAPI_LIB_SUCCESS) ==
                    (read == HB_BEAMR_CAPI_LIB_SUCCESS && item.is_mutable));
    }
  }

  /// What a context is destroyed with must not matter.
  void leave_a_call_waiting() {
    for (const hb_beamr_capi_lib_extern_t& item : exports_) {
      if (item.kind != WASM_EXTERN_FUNC) continue;
      const std::vector<wasm_val_t> args = values(item.signature + 1);
      const Rc rc = hb_beamr_capi_lib_start_call(
          ctx_, item.index, static_cast<std::uint32_t>(args.size()), args.data());
      if (rc == HB_BEAMR_CAPI_LIB_YIELDED || rc == HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) return;
    }
  }

  hb_beamr_capi_lib_context_t* ctx_;
  Input choices_;
  RunOptions options_;
  Trace& trace_;
  std::vector<hb_beamr_capi_lib_extern_t> exports_;
  unsigned all_events_ = 0;
};

}  // namespace

Trace run_guest(std::span<const std::uint8_t> bytes, Input choices, RunOptions options) {
  // Stopping it forgets all modules: no input depends on the one before.
  HB_FUZZ_CHECK(hb_beamr_capi_lib_init_runtime_global(nullptr) == HB_BEAMR_CAPI_LIB_SUCCESS);
  Trace trace;
  {
    const ContextPtr ctx(hb_beamr_capi_lib_create_context());
    HB_FUZZ_CHECK(ctx != nullptr);
    hb_beamr_capi_lib_force_exception_lowering(ctx.get(), options.force_lowering);
    const auto rc = hb_beamr_capi_lib_load_wasm_module(ctx.get(), bytes.data(),
                                                       static_cast<std::uint32_t>(bytes.size()));
    HB_FUZZ_CHECK(rc == HB_BEAMR_CAPI_LIB_SUCCESS ||
                  rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED ||
                  rc == HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED);
    trace.is_module = rc == HB_BEAMR_CAPI_LIB_SUCCESS;
    if (trace.is_module) Run(ctx.get(), choices, options, trace).all();
  }
  hb_beamr_capi_lib_destroy_runtime_global();
  return trace;
}

}  // namespace hb::beamr::fuzz
