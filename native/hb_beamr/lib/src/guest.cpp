// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "guest.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace hb::beamr {
namespace {

constexpr std::string_view kExceptionPrefix = "Exception: ";
constexpr const char* kCancelledText = "terminated";
constexpr const char* kNativeOverflow = "Exception: native stack overflow";
constexpr const char* kStackOverflow = "Exception: wasm operand stack overflow";

void store_flag(std::uint32_t* flag, std::uint32_t value) noexcept {
  __atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

}  // namespace

void Guest::attach(wasm_module_inst_t instance, wasm_exec_env_t exec_env, const Module& module,
                   std::uint32_t stack_size) noexcept {
  instance_ = instance;
  exec_env_ = exec_env;
  module_ = &module;
  native_stack_ = std::clamp<std::size_t>(kNativePerFrameByte * std::size_t{stack_size},
                                          kLeastGuestStack, kMostGuestStack);
  own_flag_ = hb_engine_suspend_flag(exec_env);
  if (const ExceptionLayout* layout = module.exceptions()) {
    pending_ = static_cast<std::int32_t*>(hb_engine_global(instance, layout->pending()));
  }
  wasm_runtime_set_user_data(exec_env, this);
  MutexLock lock(flag_mutex_);
  flag_ = own_flag_;
}

void Guest::detach() noexcept {
  {
    MutexLock lock(flag_mutex_);
    flag_ = nullptr;
  }
  instance_ = nullptr;
  exec_env_ = nullptr;
  own_flag_ = nullptr;
  pending_ = nullptr;
}

bool Guest::prepare_call(const FunctionType& type) {
  if (results_.size() < type.result_slots.size()) results_.resize(type.result_slots.size());
  if (depth_ > 0) return true;
  const auto main = [](void* self) noexcept { static_cast<Guest*>(self)->run_call(); };
  if (!fiber_.create(stacks_, main, this)) return false;
  std::byte* limit = fiber_.stack().limit(native_stack_);
  wasm_runtime_set_native_stack_boundary(exec_env_, reinterpret_cast<std::uint8_t*>(limit));
  forget_old_yield();
  return true;
}

hb_beamr_capi_lib_event_kind_t Guest::fail_to_start() noexcept {
  frames_.clear();
  wasm_runtime_set_exception(instance_, "out of memory");
  finish_trapped();
  return event_.kind;
}

hb_beamr_capi_lib_event_kind_t Guest::trap(std::string message) noexcept {
  host_message_ = std::move(message);
  return enter(Request::kTrap);
}

hb_beamr_capi_lib_event_kind_t Guest::throw_exception(
    std::uint32_t tag, std::span<const wasm_val_t> payload) noexcept {
  const ExceptionLayout& layout = *module_->exceptions();
  for (const ExceptionLayout::Slot& slot : layout.payload(tag)) {
    const auto value = payload.first(slot_count(slot.kind));
    payload = payload.subspan(value.size());
    values_to_cells(value, static_cast<std::uint32_t*>(hb_engine_global(instance_, slot.global)));
  }
  *pending_ = layout.pending_value(tag);
  const FunctionType& type = *waiting_->binding->type;
  for (std::size_t i = 0; i < type.result_slots.size(); ++i) {
    waiting_->results->data[i] = zero_value(type.result_slots[i]);
  }
  return enter(Request::kAnswer);
}

hb_beamr_capi_lib_event_kind_t Guest::resume() noexcept { return enter(Request::kGoOn); }

void Guest::run_call() noexcept {
  const FunctionType& type = module_->description().function_type(function_);
  const std::size_t count = std::max(type.param_cells, type.result_cells);
  std::uint32_t inline_cells[kInlineCells];
  std::unique_ptr<std::uint32_t[]> more_cells;
  std::uint32_t* cells = inline_cells;
  // A nested call that has not begun yet cannot have been meant, but an outermost one can.
  if (depth_ > 0) forget_cancel();
  ++depth_;
  if (count > kInlineCells) {
    more_cells.reset(new (std::nothrow) std::uint32_t[count]);
    cells = more_cells.get();
  }

  frames_.clear();
  bool completed = false;
  if (cells == nullptr) {
    wasm_runtime_set_exception(instance_, "out of memory");
  } else if (is_cancelled()) {
    stop_guest();
  } else {
    values_to_cells(args_, cells);
    completed = hb_engine_call(exec_env_, function_, type.param_cells, cells);
  }

  --depth_;
  forget_cancel();
  if (completed && pending_ != nullptr && *pending_ != 0) {
    finish_thrown();
  } else if (completed) {
    cells_to_values(cells, type.result_slots, results_.data());
    event_ = {.kind = HB_BEAMR_CAPI_LIB_EVENT_COMPLETED,
              .import_position = 0,
              .signature = "",
              .num_values = static_cast<std::uint32_t>(type.result_slots.size()),
              .values = results_.data()};
  } else {
    finish_trapped();
  }
}

void Guest::finish_trapped() noexcept {
  const char* text = wasm_runtime_get_exception(instance_);
  // Compiled guests have but one stack; what they say of it is what interpreted ones say.
  if (text != nullptr && module_->is_compiled() && std::strcmp(text, kNativeOverflow) == 0) {
    text = kStackOverflow;
  }
  std::snprintf(exception_, sizeof exception_, "%s", text != nullptr ? text : "unknown trap");
  // They would stick to the outer call and to the next one.
  wasm_runtime_clear_exception(instance_);
  if (pending_ != nullptr) {
    if (*pending_ == ExceptionLayout::kNullReference) {
      std::snprintf(exception_, sizeof exception_, "%s", "null exception reference");
    }
    *pending_ = 0;
  }
  note_trapped();
}

/// The call came back with an exception on its way, which stays where it is until it is taken.
void Guest::finish_thrown() noexcept {
  thrown_tag_ = ExceptionLayout::pending_tag(*pending_);
  *pending_ = 0;
  note_trapped();
}

void Guest::note_trapped() noexcept {
  event_ = {.kind = HB_BEAMR_CAPI_LIB_EVENT_TRAPPED,
            .import_position = 0,
            .signature = "",
            .num_values = 0,
            .values = nullptr};
}

void Guest::stop_guest() noexcept {
  cancel_trapped_ = true;
  wasm_runtime_set_exception(instance_, kCancelledText);
}

void Guest::trap_import() noexcept {
  host_trapped_ = true;
  wasm_runtime_set_exception(instance_, "trapped by the host");
}

/// The calls that a request meant are not there; one for an outer call stays.
void Guest::forget_cancel() noexcept {
  std::uint32_t depth = cancel_depth_.load(std::memory_order_relaxed);
  while (depth != kNotCancelled && depth > depth_ &&
         !cancel_depth_.compare_exchange_weak(depth, kNotCancelled)) {
  }
}

bool Guest::on_yield() noexcept {
  store_flag(own_flag_, 0);
  if (!is_cancelled()) {
    event_ = {.kind = HB_BEAMR_CAPI_LIB_EVENT_YIELDED,
              .import_position = 0,
              .signature = "",
              .num_values = 0,
              .values = nullptr};
    fiber_.leave();
  }
  if (!is_cancelled()) return true;
  // Sticky: every later check of what is left of the call ends it too.
  store_flag(own_flag_, 1);
  cancel_trapped_ = true;
  return false;
}

bool Guest::on_poll() noexcept {
  return __atomic_load_n(own_flag_, __ATOMIC_RELAXED) == 0 || on_yield();
}

void Guest::on_trapped() noexcept {
  const auto visit = [](void* record, std::uint32_t function, std::uint32_t offset) {
    return static_cast<FrameRecord*>(record)->add({function, offset});
  };
  frames_.clear();
  hb_engine_walk_frames(exec_env_, module_->loaded_bytes(), visit, &frames_);
}

Trap Guest::take_exception() const {
  Trap trap;
  trap.kind = HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION;
  trap.tag = *thrown_tag_;
  for (const ExceptionLayout::Slot& slot : module_->exceptions()->payload(trap.tag)) {
    const auto* cells = static_cast<const std::uint32_t*>(hb_engine_global(instance_, slot.global));
    const OneValue value = read_value(cells, slot.kind);
    trap.payload.insert(trap.payload.end(), slots_of(value).begin(), slots_of(value).end());
  }
  trap.name = module_->description().tag_name(trap.tag);
  trap.message = describe_exception(module_->description(), trap.tag, trap.payload);
  return trap;
}

Trap Guest::take_trap() {
  if (thrown_tag_) {
    Trap trap = take_exception();
    discard_trap();
    return trap;
  }
  Trap trap;
  std::string_view text = exception_;
  if (text.starts_with(kExceptionPrefix)) text.remove_prefix(kExceptionPrefix.size());
  if (cancel_trapped_) {
    trap.kind = HB_BEAMR_CAPI_LIB_TRAP_CANCELLED;
    trap.message = kCancelledText;
  } else if (host_trapped_) {
    trap.kind = HB_BEAMR_CAPI_LIB_TRAP_HOST;
    trap.message = std::move(host_message_);
  } else {
    trap.kind = trap_kind_of(text);
    trap.message = text;
  }
  trap.frames = name_frames(frames_, *module_);
  trap.is_truncated = frames_.is_truncated();
  discard_trap();
  return trap;
}

void Guest::discard_trap() noexcept {
  cancel_trapped_ = false;
  host_trapped_ = false;
  host_message_.clear();
  thrown_tag_.reset();
}

/// A request to yield that came too late for the call before. The flag is looked at before it is
/// cleared, because clearing costs 5 ns and is hardly ever needed; a cancellation sets it last.
void Guest::forget_old_yield() noexcept {
  if (__atomic_load_n(own_flag_, __ATOMIC_ACQUIRE) == 0) return;
  store_flag(own_flag_, 0);
  if (cancel_depth_ != kNotCancelled) store_flag(own_flag_, 1);
}

void Guest::request_yield() noexcept {
  MutexLock lock(flag_mutex_);
  if (flag_ != nullptr) store_flag(flag_, 1);
}

void Guest::request_cancel(std::uint32_t depth) noexcept {
  std::uint32_t wanted = cancel_depth_.load();
  while (depth < wanted && !cancel_depth_.compare_exchange_weak(wanted, depth)) {
  }
  request_yield();
}

}  // namespace hb::beamr
