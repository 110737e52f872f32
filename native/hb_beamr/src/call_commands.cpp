// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations that load a module and run its guest.

#include <limits>
#include <string>

#include "command.hpp"
#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// Modules that are loaded at once if the process knows them already: a hash and a comparison.
constexpr std::size_t kKnownInline = std::size_t{2} << 20;
/// What is written into instances that are made at once.
constexpr std::uint64_t kInstantiatedInline = std::uint64_t{512} << 10;

/// Ends the turn of an operation, when its answer is complete.
class TurnEnd {
 public:
  explicit TurnEnd(Request& request) noexcept : port_(request.port), caller_(request.caller) {}
  ~TurnEnd() { port_.end_operation(caller_); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

 private:
  Port& port_;
  Pid caller_;
};

// Inlined by force: a switch of stacks spoils the processor's prediction of every return that is still
// to come, so each frame between the callback and the guest costs some nanoseconds.
#define HB_FEW_FRAMES [[gnu::always_inline]] inline

/// Runs the guest on this thread; what takes too long goes on on a worker.
template <typename Step>
HB_FEW_FRAMES void run(Request& request, Step&& step) noexcept {
  Instance& instance = request.port.instance();
  const hb_beamr_capi_lib_rc_t rc = instance.run(request.slot, step);
  const std::uint32_t ticks = request.slot.take_sightings();
  if (ticks > 0) [[unlikely]] {
    instance.count(Counter::kInlineTicks, request.slot, ticks);
    charge_ticks(request.port, ticks);
  }
  if (rc == HB_BEAMR_CAPI_LIB_YIELDED) [[unlikely]] {
    instance.count(Counter::kMigrations, request.slot);
    request.port.post(ResumeJob{}, request.caller);
    answer_pending(request);
    return;
  }
  instance.conclude(rc, request.slot, request.reply);
}

/// Neither more values nor a longer text than the protocol can say anywhere else are looked at: to count
/// 100 MB of values would hold a scheduler for 8 ms.
constexpr std::size_t kMostValues = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kLongestValues = kMostValues * kVectorSize;
constexpr std::size_t kLongestText = std::numeric_limits<std::uint16_t>::max();

/// The arguments are of another size than values that are no v128. Answers the request unless they are as
/// many as the function takes.
[[gnu::noinline]] bool check_number(Request& request, std::string_view given,
                                    std::span<const wasm_valkind_t> types, const char* signature) {
  const std::size_t wanted = count_values(types);
  std::optional<std::size_t> count;
  if (given.size() <= kLongestValues) {
    count = count_values(given);
    if (count == wanted) return true;
    if (!count) {
      refuse_malformed(request);
      return false;
    }
  }
  const std::string got =
      count ? std::to_string(*count) : "more than " + std::to_string(kMostValues);
  request.reply.error(ErrorCode::kInvalidArgs, "expected " + std::to_string(wanted) +
                                                   " arguments " + signature + ", got " + got);
  return false;
}

/// Starts a call of a function with the given values.
HB_FEW_FRAMES void start(Request& request, std::uint32_t function, std::string_view given) {
  Instance& instance = request.port.instance();
  std::uint32_t num_params = 0;
  std::uint32_t num_results = 0;
  const wasm_valkind_t* params = nullptr;
  const wasm_valkind_t* results = nullptr;
  const char* signature = nullptr;
  const auto rc = hb_beamr_capi_lib_function_type(instance.context(), function, &num_params,
                                                  &params, &num_results, &results, &signature);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
    request.reply.error(rc, instance.context());
    return;
  }
  const std::span<const wasm_valkind_t> types(params, num_params);
  if (given.size() != num_params * kValueSize) [[unlikely]] {
    if (!check_number(request, given, types, signature)) return;
  }

  Values values;
  wasm_val_t* arguments = values.prepare(num_params);
  Reader data(given);
  const ValueListFault fault = decode_values(data, types, arguments);
  if (fault) [[unlikely]] {
    if (fault.fault == ValueFault::kMalformed) return refuse_malformed(request);
    request.reply.error(ErrorCode::kInvalidArgs, describe_fault("argument", fault, types));
    return;
  }
  if (!data.is_at_end()) [[unlikely]] {
    check_number(request, given, types, signature);
    return;
  }

  instance.prepare_call();
  instance.count(Counter::kCalls, request.slot);
  run(request, [&](hb_beamr_capi_lib_context_t* context) {
    return hb_beamr_capi_lib_start_call(context, function, num_params, arguments);
  });
}

/// What of an answer to an import is looked at.
std::string_view bounded(Operation operation, std::string_view data) noexcept {
  return data.substr(0, operation == Operation::kTrap ? kLongestText : kLongestValues);
}

}  // namespace

bool can_load(Port& port) noexcept {
  return port.is_still() && hb_beamr_capi_lib_get_state(port.instance().context()) ==
                                HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED;
}

void load(Request& request) {
  const std::string_view bytes = request.data.rest();
  if (bytes.size() > kKnownInline) {
    return request.reply.error(ErrorCode::kBadarg, "a module of that size goes as a command");
  }
  if (!can_load(request.port)) {
    request.reply.error(ErrorCode::kInvalidState, "a module is loaded once");
    return;
  }
  Instance& instance = request.port.instance();
  if (!instance.admit()) return refuse_instance(request.reply);
  charge_copy(request, bytes.size());
  if (load_module(instance, bytes, true, request.reply)) return;
  request.port.post(LoadJob{Payload::copy(bytes)}, request.caller);
  answer_pending(request);
}

void instantiate(Request& request) {
  std::uint32_t stack_size = 0;
  if (!request.data.read(stack_size) || !request.data.is_at_end()) return refuse_malformed(request);
  if (!request.port.claim_now(request.caller)) {
    request.reply.error(ErrorCode::kInvalidState, "the instance is busy");
    return;
  }
  const TurnEnd turn_end(request);
  Instance& instance = request.port.instance();
  if (hb_beamr_capi_lib_get_state(instance.context()) != HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED) {
    request.reply.error(ErrorCode::kInvalidState,
                        "wants a module that is loaded and not instantiated");
    return;
  }
  if (stack_size != 0) {
    const auto rc = hb_beamr_capi_lib_set_wasm_stack_size(instance.context(), stack_size);
    if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, instance.context());
  }
  instance.prepare_call();
  if (hb_beamr_capi_lib_instance_size(instance.context()) > kInstantiatedInline) {
    request.port.post(InstantiateJob{}, request.caller);
    return answer_pending(request);
  }
  run(request, start_instance);
}

void call(Request& request) {
  if (!take_turn(request)) return;
  const TurnEnd turn_end(request);
  std::uint32_t size = 0;
  std::string_view values;
  if (!request.data.read(size) || !request.data.read(size, values)) {
    return refuse_malformed(request);
  }
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const std::string_view name = request.data.rest();
  std::uint32_t function = 0;
  const auto rc = hb_beamr_capi_lib_find_function(context, name.data(), name.size(), &function);
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) [[likely]]
    return start(request, function, values);
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
    return request.reply.error(ErrorCode::kUnknownFunction, name);
  }
  request.reply.error(rc, context);
}

void call_function(Request& request) {
  if (!take_turn(request)) return;
  const TurnEnd turn_end(request);
  std::uint32_t function = 0;
  if (!request.data.read(function)) return refuse_malformed(request);
  start(request, function, request.data.rest());
}

void call_table(Request& request) {
  if (!take_turn(request)) return;
  const TurnEnd turn_end(request);
  std::uint64_t element = 0;
  if (!request.data.read(element)) return refuse_malformed(request);
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  std::uint32_t function = 0;
  const auto rc = hb_beamr_capi_lib_find_table_function(context, element, &function);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  start(request, function, request.data.rest());
}

void answer(Request& request, Operation operation) {
  const std::string_view data = bounded(operation, request.data.rest());
  switch (request.port.accept_answer(request.caller, operation, data)) {
    case Port::AnswerTime::kNever:
      return request.reply.error(ErrorCode::kNotHolder,
                                 "no import waits for an answer of this process");
    case Port::AnswerTime::kLater:
      return answer_pending(request);
    case Port::AnswerTime::kNow:
      break;
  }
  Instance& instance = request.port.instance();
  if (!instance.take_delivery(request.reply)) return;
  AnswerStep step(instance, instance.waiting(), operation, data, request.reply);
  if (!step) return;
  const TurnEnd turn_end(request);
  instance.answered();
  run(request, step);
}

void deliver(Request& request) {
  std::uint64_t id = 0;
  std::uint8_t what = 0;
  if (!request.data.read(id) || !request.data.read(what)) return refuse_malformed(request);
  const Operation operation{what};
  if (operation != Operation::kAnswer && operation != Operation::kTrap &&
      operation != Operation::kThrow) {
    return refuse_malformed(request);
  }
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  WaitingImport* import = request.port.instance().find_waiting(id);
  const std::string_view data = bounded(operation, request.data.rest());
  if (import != nullptr && import->delivery == Delivery::kOpen) {
    const AnswerStep valid(request.port.instance(), *import, operation, data, request.reply);
    if (!valid) return;
    if (request.port.deliver(*import, operation, data, request.port.holder(), request.reply))
      return;
  }
  request.reply.error(ErrorCode::kStaleToken,
                      "the import was answered already, or its call has ended");
}

void time_out(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  request.port.time_out(request.caller, request.slot);
  request.reply.tag(Tag::kOk);
}

void pass(Request& request) {
  request.reply.tag(request.port.pass(request.caller) ? Tag::kOk : Tag::kTurn);
}

}  // namespace hb::beamr::driver
