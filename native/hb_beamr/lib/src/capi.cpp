// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The border between C and C++: checks pointers, stops exceptions, translates nothing else.
#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "compiled_module.hpp"
#include "context.hpp"
#include "linear_memory.hpp"
#include "processor.hpp"

using hb::beamr::CompiledModuleKey;
using hb::beamr::Context;
using hb::beamr::Engine;
using hb::beamr::FunctionType;
using hb::beamr::Rc;

struct hb_beamr_capi_lib_context final : Context {
  using Context::Context;
};

namespace {

constexpr const char* kRcNames[] = {
#define HB_BEAMR_ERROR(code, enumerator, name) name,
#include "errors.def"
#undef HB_BEAMR_ERROR
};
static_assert(std::size(kRcNames) == HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED + 1);

hb_beamr_capi_lib_rc_t to_c(Rc rc) noexcept { return static_cast<hb_beamr_capi_lib_rc_t>(rc); }

/// Runs `body(context)` and turns what is thrown into a return code.
template <typename Body>
hb_beamr_capi_lib_rc_t guard(hb_beamr_capi_lib_context_t* ctx, Body&& body) noexcept {
  if (ctx == nullptr) return HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS;
  try {
    return to_c(body(static_cast<Context&>(*ctx)));
  } catch (const std::bad_alloc&) {
    return to_c(ctx->fail_without_memory(Rc::kAllocationFailed));
  } catch (...) {
    return HB_BEAMR_CAPI_LIB_ERROR_INTERNAL;
  }
}

bool is_missing(const void* pointer, std::uint64_t size) noexcept {
  return pointer == nullptr && size > 0;
}

Rc null_pointer(Context& ctx, const char* what) {
  return ctx.fail(Rc::kInvalidArgs, std::string(what) + " is NULL");
}

hb::beamr::Offer to_offer(const hb_beamr_capi_lib_offer_t& offer) {
  hb::beamr::Offer out;
  if (const hb_beamr_capi_lib_extern_t* type = offer.type; type != nullptr) {
    out.type = {.kind = type->kind,
                .signature = type->signature != nullptr ? type->signature : "",
                .value_type = type->value_type,
                .is_mutable = type->is_mutable,
                .limits = {.minimum = type->minimum,
                           .maximum = type->maximum,
                           .has_maximum = type->has_maximum,
                           .is_64 = type->is_64}};
  }
  if (offer.value != nullptr) {
    std::copy_n(offer.value, hb::beamr::slot_count(offer.value->kind), out.value.emplace().begin());
  }
  const auto* image = static_cast<const std::uint8_t*>(offer.image);
  out.image.assign(image, image + offer.image_len);
  return out;
}

/// Runs a call to its end and hands out its results.
Rc finish_call(Context& ctx, Rc rc, std::span<wasm_val_t> results) {
  while (rc == Rc::kYielded) rc = ctx.resume();
  if (rc == Rc::kSuccess) std::copy_n(ctx.event().values, ctx.event().num_values, results.begin());
  return rc;
}

}  // namespace

extern "C" {

wasm_trap_t* hb_beamr_capi_lib_defer_import(void*, const wasm_val_vec_t*, wasm_val_vec_t*) {
  return nullptr;
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_init_runtime_global(wasm_config_t* config) {
  try {
    const hb::beamr::Status status = Engine::init(config);
    return to_c(status ? Rc::kSuccess : status.error().rc);
  } catch (...) {
    return HB_BEAMR_CAPI_LIB_ERROR_WAMR_RUNTIME_INIT_FAILED;
  }
}

void hb_beamr_capi_lib_destroy_runtime_global(void) { Engine::release_init(); }

hb_beamr_capi_lib_context_t* hb_beamr_capi_lib_create_context(void) {
  try {
    std::shared_ptr<Engine> engine = Engine::current();
    if (!engine) return nullptr;
    hb::beamr::StorePtr store(wasm_store_new(engine->get()));
    if (!store) return nullptr;
    auto* ctx = new hb_beamr_capi_lib_context(std::move(engine), std::move(store));
    ctx->set_user_env(ctx);
    return ctx;
  } catch (...) {
    return nullptr;
  }
}

void hb_beamr_capi_lib_destroy_context(hb_beamr_capi_lib_context_t* ctx) {
  if (ctx != nullptr && !ctx->is_in_host_function()) delete ctx;
}

hb_beamr_capi_lib_state_t hb_beamr_capi_lib_get_state(const hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? static_cast<hb_beamr_capi_lib_state_t>(ctx->state()) : Engine::state();
}

const char* hb_beamr_capi_lib_get_last_error(hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? ctx->last_error() : "the context is NULL";
}

wasm_store_t* hb_beamr_capi_lib_context_get_store(hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? ctx->store() : nullptr;
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_load_wasm_module(hb_beamr_capi_lib_context_t* ctx,
                                                          const uint8_t* wasm_binary_buf,
                                                          uint32_t wasm_binary_size) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(wasm_binary_buf, wasm_binary_size)) return null_pointer(c, "wasm_binary_buf");
    return c.load({wasm_binary_buf, wasm_binary_size});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_load_cached_module(hb_beamr_capi_lib_context_t* ctx,
                                                            const uint8_t* wasm_binary_buf,
                                                            uint32_t wasm_binary_size) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(wasm_binary_buf, wasm_binary_size)) return null_pointer(c, "wasm_binary_buf");
    return c.load_cached({wasm_binary_buf, wasm_binary_size});
  });
}

uint32_t hb_beamr_capi_lib_import_count(const hb_beamr_capi_lib_context_t* ctx) {
  if (ctx == nullptr || ctx->module() == nullptr) return 0;
  return static_cast<uint32_t>(ctx->module()->description().imports().size());
}

uint32_t hb_beamr_capi_lib_export_count(const hb_beamr_capi_lib_context_t* ctx) {
  if (ctx == nullptr || ctx->module() == nullptr) return 0;
  return static_cast<uint32_t>(ctx->module()->description().exports().size());
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_import(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t position,
                                                    hb_beamr_capi_lib_extern_t* out) {
  return guard(ctx, [&](Context& c) {
    return out == nullptr ? null_pointer(c, "out") : c.describe_import(position, out);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_export(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t position,
                                                    hb_beamr_capi_lib_extern_t* out) {
  return guard(ctx, [&](Context& c) {
    return out == nullptr ? null_pointer(c, "out") : c.describe_export(position, out);
  });
}

uint64_t hb_beamr_capi_lib_module_id(const hb_beamr_capi_lib_context_t* ctx) {
  return ctx == nullptr || ctx->module() == nullptr ? 0 : ctx->module()->id();
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_wasm_stack_size(hb_beamr_capi_lib_context_t* ctx,
                                                             uint32_t bytes) {
  return guard(ctx, [&](Context& c) { return c.set_stack_size(bytes); });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_force_exception_lowering(hb_beamr_capi_lib_context_t* ctx,
                                                                  bool is_forced) {
  return guard(ctx, [&](Context& c) { return c.force_exception_lowering(is_forced); });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_use_compiled(hb_beamr_capi_lib_context_t* ctx,
                                                      hb_beamr_capi_lib_compiled_use_t use) {
  return guard(ctx, [&](Context& c) { return c.use_compiled(use); });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_share_compiled(hb_beamr_capi_lib_context_t* ctx,
                                                        bool is_shared) {
  return guard(ctx, [&](Context& c) { return c.share_compiled(is_shared); });
}

int32_t hb_beamr_capi_lib_code_level(const hb_beamr_capi_lib_context_t* ctx) {
  if (ctx == nullptr || ctx->module() == nullptr) return HB_BEAMR_CAPI_LIB_INTERPRETED;
  const std::optional<std::uint8_t> level = ctx->module()->opt_level();
  return level ? *level : HB_BEAMR_CAPI_LIB_INTERPRETED;
}

void hb_beamr_capi_lib_get_target(hb_beamr_capi_lib_target_t* out) {
  if (out == nullptr) return;
  const CompiledModuleKey key = hb::beamr::compiled_module_key();
  std::copy(key.begin(), key.end(), out->key);
  out->processor = hb::beamr::default_processor().data();
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_offer_import(hb_beamr_capi_lib_context_t* ctx,
                                                      const hb_beamr_capi_lib_offer_t* offer) {
  return guard(ctx, [&](Context& c) {
    if (offer == nullptr) return null_pointer(c, "offer");
    if (is_missing(offer->module_name, offer->module_name_len)) {
      return null_pointer(c, "offer->module_name");
    }
    if (is_missing(offer->name, offer->name_len)) return null_pointer(c, "offer->name");
    if (is_missing(offer->image, offer->image_len)) return null_pointer(c, "offer->image");
    return c.offer_import({offer->module_name, offer->module_name_len},
                          {offer->name, offer->name_len}, to_offer(*offer));
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_imported_global_type(hb_beamr_capi_lib_context_t* ctx,
                                                              const char* module_name,
                                                              size_t module_name_len,
                                                              const char* name, size_t name_len,
                                                              wasm_valkind_t* value_type) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(module_name, module_name_len)) return null_pointer(c, "module_name");
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    if (value_type == nullptr) return null_pointer(c, "value_type");
    return c.imported_global_type({module_name, module_name_len}, {name, name_len}, value_type);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_refuse_unresolved_imports(hb_beamr_capi_lib_context_t* ctx,
                                                                   bool refuse) {
  return guard(ctx, [&](Context& c) { return c.refuse_unresolved_imports(refuse); });
}

uint64_t hb_beamr_capi_lib_instance_size(const hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? ctx->instance_size() : 0;
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_limits(hb_beamr_capi_lib_context_t* ctx,
                                                    const hb_beamr_capi_lib_limits_t* limits) {
  return guard(ctx, [&](Context& c) {
    return limits != nullptr ? c.set_limits(*limits) : null_pointer(c, "limits");
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_excess(hb_beamr_capi_lib_context_t* ctx,
                                                    hb_beamr_capi_lib_excess_t* out) {
  return guard(ctx, [&](Context& c) {
    if (out == nullptr) return null_pointer(c, "out");
    *out = c.excess();
    if (out->name == nullptr) out->name = "";
    return Rc::kSuccess;
  });
}

void hb_beamr_capi_lib_set_total_memory_limit(uint64_t bytes) {
  hb::beamr::set_linear_memory_limit(bytes);
}

uint64_t hb_beamr_capi_lib_total_memory(void) { return hb::beamr::linear_memory_total(); }

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_instantiate(
    hb_beamr_capi_lib_context_t* ctx, void* default_import_function,
    const hb_beamr_capi_native_symbol_t* override_symbols, uint32_t num_override_symbols) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(override_symbols, num_override_symbols)) {
      return null_pointer(c, "override_symbols");
    }
    return c.instantiate(
        reinterpret_cast<hb_beamr_capi_user_host_func_callback_t>(default_import_function),
        {override_symbols, num_override_symbols});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_call_export(hb_beamr_capi_lib_context_t* ctx,
                                                     const char* func_name, uint32_t num_args,
                                                     wasm_val_t args[], uint32_t num_results,
                                                     wasm_val_t results[]) {
  return guard(ctx, [&](Context& c) {
    if (func_name == nullptr) return null_pointer(c, "func_name");
    if (is_missing(args, num_args)) return null_pointer(c, "args");
    if (is_missing(results, num_results)) return null_pointer(c, "results");
    uint32_t function = 0;
    if (const Rc rc = c.find_function(func_name, &function); rc != Rc::kSuccess) return rc;
    const FunctionType& type = c.module()->description().function_type(function);
    if (num_results != type.result_slots.size()) {
      return c.fail(Rc::kInvalidArgs,
                    "the function gives " + std::to_string(type.result_slots.size()) +
                        " results, there is room for " + std::to_string(num_results));
    }
    return finish_call(c, c.start_call(function, {args, num_args}), {results, num_results});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_function(hb_beamr_capi_lib_context_t* ctx,
                                                       const char* name, size_t name_len,
                                                       uint32_t* function_index) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    if (function_index == nullptr) return null_pointer(c, "function_index");
    return c.find_function({name, name_len}, function_index);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_function_type(
    hb_beamr_capi_lib_context_t* ctx, uint32_t function_index, uint32_t* num_params,
    const wasm_valkind_t** params, uint32_t* num_results, const wasm_valkind_t** results,
    const char** signature) {
  return guard(ctx, [&](Context& c) {
    if (c.module() == nullptr) {
      return c.fail(Rc::kModuleNotLoaded, "looking at a function needs a module");
    }
    if (function_index >= c.module()->description().function_count()) {
      return c.fail(Rc::kFunctionLookupFailed, "no function " + std::to_string(function_index));
    }
    const FunctionType& type = c.module()->description().function_type(function_index);
    if (num_params != nullptr) *num_params = static_cast<uint32_t>(type.param_slots.size());
    if (params != nullptr) *params = type.param_slots.data();
    if (num_results != nullptr) *num_results = static_cast<uint32_t>(type.result_slots.size());
    if (results != nullptr) *results = type.result_slots.data();
    if (signature != nullptr) *signature = type.text.c_str();
    return Rc::kSuccess;
  });
}

const hb_beamr_capi_lib_event_t* hb_beamr_capi_lib_get_event(
    const hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? &ctx->event() : nullptr;
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_start_call(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t function_index, uint32_t num_args,
                                                    const wasm_val_t args[]) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(args, num_args)) return null_pointer(c, "args");
    return c.start_call(function_index, {args, num_args});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_table_function(hb_beamr_capi_lib_context_t* ctx,
                                                             uint64_t element,
                                                             uint32_t* function_index) {
  return guard(ctx, [&](Context& c) {
    if (function_index == nullptr) return null_pointer(c, "function_index");
    return c.find_table_function(element, function_index);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_resolve_import(hb_beamr_capi_lib_context_t* ctx,
                                                        uint32_t num_results,
                                                        wasm_val_t results[]) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(results, num_results)) return null_pointer(c, "results");
    return c.resolve_import({results, num_results});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_trap_import(hb_beamr_capi_lib_context_t* ctx,
                                                     const char* message, size_t message_len) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(message, message_len)) return null_pointer(c, "message");
    return c.trap_import(std::string(message == nullptr ? "" : message, message_len));
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_tag(hb_beamr_capi_lib_context_t* ctx,
                                                  const char* module_name, size_t module_name_len,
                                                  const char* name, size_t name_len,
                                                  uint32_t* tag) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    if (tag == nullptr) return null_pointer(c, "tag");
    std::optional<std::string_view> module;
    if (module_name != nullptr) module.emplace(module_name, module_name_len);
    return c.find_tag(module, {name, name_len}, tag);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_tag_type(hb_beamr_capi_lib_context_t* ctx, uint32_t tag,
                                                  uint32_t* num_values,
                                                  const wasm_valkind_t** values) {
  return guard(ctx, [&](Context& c) {
    if (c.module() == nullptr) {
      return c.fail(Rc::kModuleNotLoaded, "looking at a tag needs a module");
    }
    const auto& module = c.module()->description();
    if (tag >= module.tag_count()) {
      return c.fail(Rc::kFunctionLookupFailed, "no tag " + std::to_string(tag));
    }
    const FunctionType& type = module.type(module.tag_type(tag));
    if (num_values != nullptr) *num_values = static_cast<uint32_t>(type.param_slots.size());
    if (values != nullptr) *values = type.param_slots.data();
    return Rc::kSuccess;
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_check_references(hb_beamr_capi_lib_context_t* ctx,
                                                          uint32_t num_values,
                                                          const wasm_val_t values[]) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(values, num_values)) return null_pointer(c, "values");
    if (c.module() == nullptr) return c.fail(Rc::kModuleNotLoaded, "references need a module");
    return c.check_references({values, num_values});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_throw_import(hb_beamr_capi_lib_context_t* ctx,
                                                      uint32_t tag, uint32_t num_values,
                                                      const wasm_val_t values[]) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(values, num_values)) return null_pointer(c, "values");
    return c.throw_import(tag, {values, num_values});
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_resume(hb_beamr_capi_lib_context_t* ctx) {
  return guard(ctx, [](Context& c) { return c.resume(); });
}

void hb_beamr_capi_lib_request_yield(hb_beamr_capi_lib_context_t* ctx) {
  if (ctx != nullptr) ctx->request_yield();
}

void hb_beamr_capi_lib_request_cancel(hb_beamr_capi_lib_context_t* ctx) {
  if (ctx != nullptr) ctx->request_cancel(1);
}

void hb_beamr_capi_lib_request_cancel_from(hb_beamr_capi_lib_context_t* ctx, uint32_t depth) {
  if (ctx != nullptr && depth > 0) ctx->request_cancel(depth);
}

void hb_beamr_capi_lib_reset_cancel(hb_beamr_capi_lib_context_t* ctx) {
  if (ctx != nullptr) ctx->reset_cancel();
}

uint32_t hb_beamr_capi_lib_call_depth(const hb_beamr_capi_lib_context_t* ctx) {
  return ctx != nullptr ? ctx->call_depth() : 0;
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_trap(hb_beamr_capi_lib_context_t* ctx,
                                                  hb_beamr_capi_lib_trap_t* out) {
  return guard(ctx, [&](Context& c) {
    if (out == nullptr) return null_pointer(c, "out");
    const hb::beamr::Trap& trap = c.trap();
    *out = {.kind = trap.kind,
            .message = trap.message.c_str(),
            .num_frames = static_cast<uint32_t>(trap.frames.size()),
            .frames = trap.frames.data(),
            .is_truncated = trap.is_truncated,
            .tag = trap.tag,
            .tag_module = trap.name.module.data(),
            .tag_module_len = trap.name.module.size(),
            .tag_name = trap.name.name.data(),
            .tag_name_len = trap.name.name.size(),
            .num_payload = static_cast<uint32_t>(trap.payload.size()),
            .payload = trap.payload.data()};
    return Rc::kSuccess;
  });
}

const char* hb_beamr_capi_lib_trap_kind_name(hb_beamr_capi_lib_trap_kind_t kind) {
  return hb::beamr::trap_kind_name(kind);
}

const char* hb_beamr_capi_lib_rc_name(hb_beamr_capi_lib_rc_t rc) {
  const auto index = static_cast<std::size_t>(rc);
  return index < std::size(kRcNames) ? kRcNames[index] : "unknown";
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_memory_size(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t* bytes, uint64_t* pages) {
  return guard(ctx, [&](Context& c) {
    hb::beamr::Instance::MemorySize size;
    const Rc rc = c.memory_size(&size);
    if (bytes != nullptr) *bytes = size.bytes;
    if (pages != nullptr) *pages = size.pages;
    return rc;
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_read_memory(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t offset, void* dst, uint64_t len) {
  return guard(ctx, [&](Context& c) {
    return is_missing(dst, len) ? null_pointer(c, "dst") : c.read_memory(offset, dst, len);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_write_memory(hb_beamr_capi_lib_context_t* ctx,
                                                      uint64_t offset, const void* src,
                                                      uint64_t len) {
  return guard(ctx, [&](Context& c) {
    return is_missing(src, len) ? null_pointer(c, "src") : c.write_memory(offset, src, len);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_grow_memory(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t delta, uint64_t* previous_pages) {
  return guard(ctx, [&](Context& c) { return c.grow_memory(delta, previous_pages); });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_table(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    uint32_t* table) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    if (table == nullptr) return null_pointer(c, "table");
    return c.find_table({name, name_len}, table);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_type(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, wasm_valkind_t* element_type) {
  return guard(ctx, [&](Context& c) {
    if (element_type == nullptr) return null_pointer(c, "element_type");
    return c.table_type(table, element_type);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_size(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, uint64_t* elements) {
  return guard(ctx, [&](Context& c) {
    return elements != nullptr ? c.table_size(table, elements) : null_pointer(c, "elements");
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_get(hb_beamr_capi_lib_context_t* ctx, uint32_t table,
                                                   uint64_t element, wasm_val_t* out) {
  return guard(ctx, [&](Context& c) {
    return out != nullptr ? c.get_element(table, element, out) : null_pointer(c, "out");
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_set(hb_beamr_capi_lib_context_t* ctx, uint32_t table,
                                                   uint64_t element, const wasm_val_t* value) {
  return guard(ctx, [&](Context& c) {
    return value != nullptr ? c.set_element(table, element, *value) : null_pointer(c, "value");
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_grow(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, uint64_t delta,
                                                    const wasm_val_t* value,
                                                    uint64_t* previous_elements) {
  return guard(ctx, [&](Context& c) {
    return value != nullptr ? c.grow_table(table, delta, *value, previous_elements)
                            : null_pointer(c, "value");
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_global(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    wasm_val_t* out) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    return out == nullptr ? null_pointer(c, "out") : c.get_global({name, name_len}, out);
  });
}

hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_global(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    const wasm_val_t* value) {
  return guard(ctx, [&](Context& c) {
    if (is_missing(name, name_len)) return null_pointer(c, "name");
    return value == nullptr ? null_pointer(c, "value") : c.set_global({name, name_len}, value);
  });
}

}  // extern "C"
