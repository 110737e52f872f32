// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The guest's side of a context: its stack, the calls on it, and the imports that wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fiber.hpp"
#include "import_trampoline.hpp"
#include "module.hpp"
#include "thread.hpp"
#include "trap.hpp"
#include "wamr.hpp"

namespace hb::beamr {

/// Runs calls of one instance on a fiber. The host enters it with a request (call, answer, trap, go on)
/// and gets it back at the next event. A call that is made while an import waits runs on the same
/// fiber, on top of it: last in, first out.
///
/// Threads: one at a time, except request_yield() and request_cancel().
class Guest {
 public:
  explicit Guest(StackPool& stacks) noexcept : stacks_(stacks) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// From here on there is an instance to run; it, `exec_env` and `module` live until detach().
  /// @param stack_size  Bytes for frames of interpreted code; native stack is given in proportion.
  void attach(wasm_module_inst_t instance, wasm_exec_env_t exec_env, const Module& module,
              std::uint32_t stack_size) noexcept;
  /// No call is in progress.
  void detach() noexcept;

  /// @name The host's side. They answer the next event, which event() describes.
  /// @{
  /// Gets what call() needs; false if memory is short. Nothing runs.
  bool prepare_call(const FunctionType& type);
  /// Starts a call that was prepared; `args` are of the function's types.
  hb_beamr_capi_lib_event_kind_t call(std::uint32_t function,
                                      std::span<const wasm_val_t> args) noexcept;
  /// A call that could not be prepared, as a trap.
  hb_beamr_capi_lib_event_kind_t fail_to_start() noexcept;
  /// The waiting import's results are filled in: go on.
  hb_beamr_capi_lib_event_kind_t answer() noexcept;
  /// The waiting import traps.
  hb_beamr_capi_lib_event_kind_t trap(std::string message) noexcept;
  /// The waiting import throws; `payload` is of the tag's types.
  hb_beamr_capi_lib_event_kind_t throw_exception(std::uint32_t tag,
                                                 std::span<const wasm_val_t> payload) noexcept;
  /// Goes on after a yield.
  hb_beamr_capi_lib_event_kind_t resume() noexcept;
  /// @}

  const hb_beamr_capi_lib_event_t& event() const noexcept { return event_; }
  /// Calls in progress, nested ones included.
  std::uint32_t depth() const noexcept { return depth_; }
  bool is_waiting() const noexcept { return waiting_ != nullptr; }
  /// The import that waits.
  const HostFuncEnv& waiting_binding() const noexcept { return *waiting_->binding; }
  /// Where its results go: as many values as it has results.
  wasm_val_vec_t& waiting_results() noexcept { return *waiting_->results; }
  const wasm_val_vec_t& waiting_args() const noexcept { return *waiting_->args; }

  /// After a TRAPPED event: why.
  Trap take_trap();
  /// Forgets it.
  void discard_trap() noexcept;
  bool trapped_by_cancel() const noexcept { return cancel_trapped_; }

  void request_yield() noexcept;
  /// Ends the calls of this depth and those nested in them; 1 is the outermost.
  void request_cancel(std::uint32_t depth) noexcept;
  void reset_cancel() noexcept { cancel_depth_.store(kNotCancelled); }
  /// The outermost depth that is to end.
  std::uint32_t cancel_depth() const noexcept { return cancel_depth_.load(); }
  static constexpr std::uint32_t kNotCancelled = UINT32_MAX;

  /// @name On the fiber, from the engine.
  /// @{
  void on_import(const HostFuncEnv& binding, const wasm_val_vec_t& args,
                 wasm_val_vec_t& results) noexcept;
  bool on_yield() noexcept;
  bool on_poll() noexcept;
  void on_trapped() noexcept;
  /// @}

 private:
  enum class Request : std::uint8_t { kCall, kAnswer, kTrap, kGoOn };

  /// An import that waits, on the fiber's stack. They form a chain, the newest first.
  struct Waiting {
    const HostFuncEnv* binding;
    const wasm_val_vec_t* args;
    wasm_val_vec_t* results;
    Waiting* outer;
  };

  static constexpr std::size_t kInlineCells = 32;
  /// Of native stack, for each byte that interpreted frames may take: so much larger frames of compiled code
  /// may be that is not optimised.
  static constexpr std::size_t kNativePerFrameByte = 16;
  static constexpr std::size_t kMaxExceptionText = 160;  // the engine's buffer has 128

  [[gnu::always_inline]] inline hb_beamr_capi_lib_event_kind_t enter(Request request) noexcept;
  void run_call() noexcept;
  void finish_trapped() noexcept;
  void finish_thrown() noexcept;
  void note_trapped() noexcept;
  Trap take_exception() const;
  void stop_guest() noexcept;
  void trap_import() noexcept;
  void forget_old_yield() noexcept;

  StackPool& stacks_;
  Fiber fiber_;
  wasm_module_inst_t instance_ = nullptr;
  wasm_exec_env_t exec_env_ = nullptr;
  const Module* module_ = nullptr;
  std::size_t native_stack_ = kLeastGuestStack;
  std::uint32_t* own_flag_ = nullptr;  // for the thread that uses the context
  std::int32_t* pending_ = nullptr;    // see ExceptionLayout; nullptr: no exceptions

  Request request_ = Request::kGoOn;
  std::uint32_t function_ = 0;
  std::span<const wasm_val_t> args_;

  hb_beamr_capi_lib_event_t event_{};
  std::vector<wasm_val_t> results_;
  Waiting* waiting_ = nullptr;
  std::uint32_t depth_ = 0;

  FrameRecord frames_;
  char exception_[kMaxExceptionText] = {};
  std::string host_message_;
  bool host_trapped_ = false;                // the exception stands for host_message_
  bool cancel_trapped_ = false;              // the exception stands for a cancellation
  std::optional<std::uint32_t> thrown_tag_;  // an exception that nobody caught, not a trap

  bool is_cancelled() const noexcept { return cancel_depth_.load() <= depth_; }
  void forget_cancel() noexcept;

  /// Set by any thread. Sequentially consistent with the flag: whoever clears the flag looks at it again.
  std::atomic<std::uint32_t> cancel_depth_{kNotCancelled};
  Mutex flag_mutex_;
  std::uint32_t* flag_ HB_GUARDED_BY(flag_mutex_) = nullptr;  // for other threads
};

// Few frames between the caller and the switch: see Fiber.

hb_beamr_capi_lib_event_kind_t Guest::enter(Request request) noexcept {
  request_ = request;
  fiber_.enter();
  if (depth_ == 0) fiber_.destroy(stacks_);
  return event_.kind;
}

[[gnu::always_inline]] inline hb_beamr_capi_lib_event_kind_t Guest::call(
    std::uint32_t function, std::span<const wasm_val_t> args) noexcept {
  function_ = function;
  args_ = args;
  return enter(Request::kCall);
}

[[gnu::always_inline]] inline hb_beamr_capi_lib_event_kind_t Guest::answer() noexcept {
  return enter(Request::kAnswer);
}

[[gnu::always_inline]] inline void Guest::on_import(const HostFuncEnv& binding,
                                                    const wasm_val_vec_t& args,
                                                    wasm_val_vec_t& results) noexcept {
  if (is_cancelled()) return stop_guest();
  Waiting here{&binding, &args, &results, waiting_};
  waiting_ = &here;
  event_ = {.kind = HB_BEAMR_CAPI_LIB_EVENT_IMPORT,
            .import_position = binding.position,
            .signature = binding.type->text.c_str(),
            .num_values = static_cast<std::uint32_t>(args.num_elems),
            .values = args.data};
  fiber_.leave();
  while (request_ == Request::kCall) {
    run_call();
    fiber_.leave();
  }
  waiting_ = here.outer;
  if (is_cancelled()) return stop_guest();
  if (request_ == Request::kTrap) trap_import();
}

}  // namespace hb::beamr
