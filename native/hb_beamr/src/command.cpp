// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "command.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "counters.hpp"
#include "node.hpp"
#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// A tick of the watch is 100 us, a tenth of the emulator's time slice of about 1 ms.
constexpr std::uint32_t kPercentPerTick = 10;
/// Copies at 1 to 10 GB/s: below this much nothing is charged, and 1 % for each so many bytes.
constexpr std::size_t kFreeCopy = std::size_t{64} << 10;
constexpr std::size_t kBytesPerPercent = std::size_t{64} << 10;

void charge(Port& port, std::size_t percent) noexcept {
  erl_drv_consume_timeslice(port.handle(),
                            static_cast<int>(std::clamp<std::size_t>(percent, 1, 100)));
}

/// The first bytes of a command, wherever the emulator put them; fewer if it is shorter.
std::string_view front_of(const ErlIOVec& vector, std::span<char> buffer) noexcept {
  std::size_t size = 0;
  for (int i = 0; i < vector.vsize && size < buffer.size(); ++i) {
    const std::size_t part = std::min(vector.iov[i].iov_len, buffer.size() - size);
    if (part > 0) std::memcpy(&buffer[size], vector.iov[i].iov_base, part);
    size += part;
  }
  return {buffer.data(), size};
}

/// Posts the work of a command. False if it was answered instead.
bool post_command(Port& port, Pid caller, const ErlIOVec& vector, Reply& reply) {
  constexpr std::size_t kOperationHeader = 1;
  constexpr std::size_t kWriteHeader = 1 + sizeof(std::uint64_t);
  std::array<char, kWriteHeader> buffer;
  Reader header(front_of(vector, buffer));
  std::uint8_t operation = 0;
  std::uint64_t offset = 0;
  if (!header.read(operation)) operation = 0;

  switch (Operation{operation}) {
    case Operation::kLoad:
      if (!can_load(port)) {
        reply.error(ErrorCode::kInvalidState, "a module is loaded once");
        return false;
      }
      if (!port.instance().admit()) {
        refuse_instance(reply);
        return false;
      }
      port.post(LoadJob{Payload::refer(vector, kOperationHeader)}, caller);
      return true;
    case Operation::kOffer:
      if (!can_offer(port)) {
        reply.error(ErrorCode::kInvalidState, "there is an instance already");
        return false;
      }
      port.post(OfferJob{Payload::refer(vector, kOperationHeader)}, caller);
      return true;
    case Operation::kWrite:
      if (!header.read(offset)) break;
      if (port.stand_still(caller)) {
        port.post(WriteJob{offset, Payload::refer(vector, kWriteHeader)}, caller);
      }
      return true;
    default:
      break;
  }
  reply.error(ErrorCode::kBadarg, "malformed command");
  return false;
}

void noop(Request& request) noexcept {
  constexpr std::uint64_t kNothing = 0;
  if (char* at = request.reply.begin(sizeof kNothing)) Writer(at).put(kNothing);
}

}  // namespace

void execute(Request& request, std::uint32_t operation) {
  if (operation >= kWriteAt) {
    write_at(request, operation - kWriteAt);
    return;
  }
  switch (Operation{operation}) {
    case Operation::kLoad:
      return load(request);
    case Operation::kInstantiate:
      return instantiate(request);
    case Operation::kDescribe:
      return describe(request);
    case Operation::kCall:
      return call(request);
    case Operation::kCallFunction:
      return call_function(request);
    case Operation::kCallTable:
      return call_table(request);
    case Operation::kAnswer:
    case Operation::kTrap:
    case Operation::kThrow:
      return answer(request, Operation{operation});
    case Operation::kRead:
      return read(request);
    case Operation::kWrite:
      return write(request);
    case Operation::kSize:
      return size(request);
    case Operation::kGrow:
      return grow(request);
    case Operation::kGlobalGet:
      return global_get(request);
    case Operation::kGlobalSet:
      return global_set(request);
    case Operation::kCancel:
      request.port.cancel();
      return request.reply.tag(Tag::kOk);
    case Operation::kCounters:
      return report_node(request.reply);
    case Operation::kTrapInfo:
      return describe_trap(request);
    case Operation::kFunction:
      return describe_function(request);
    case Operation::kPass:
      return pass(request);
    case Operation::kNoop:
      return noop(request);
    case Operation::kClose:
      if (!request.port.fall_silent(request.caller)) return answer_pending(request);
      return request.reply.tag(Tag::kOk);
    case Operation::kTryFunction:
      return try_describe_function(request);
    case Operation::kTimeout:
      return time_out(request);
    case Operation::kConfigure:
      return configure(request);
    case Operation::kDeliver:
      return deliver(request);
    case Operation::kInfo:
      return report_instance(request);
    case Operation::kLimits:
      return set_limits(request);
    case Operation::kOffer:
      return offer(request);
    case Operation::kOptions:
      return set_options(request);
    case Operation::kTag:
      return describe_tag(request);
    case Operation::kTableGet:
      return table_get(request);
    case Operation::kTableSet:
      return table_set(request);
    case Operation::kTableSize:
      return table_size(request);
    case Operation::kTarget:
      return describe_target(request);
    case Operation::kTableGrow:
      return table_grow(request);
  }
  request.reply.error(ErrorCode::kBadarg, "unknown operation");
}

void execute_command(Port& port, Pid caller, const ErlIOVec& vector) noexcept {
  Message message;
  try {
    if (post_command(port, caller, vector, message.reply())) return;
  } catch (const std::bad_alloc&) {
    message.reply().error(ErrorCode::kSystemLimit, "no memory");
  } catch (...) {
    message.reply().error(ErrorCode::kInternal, "unexpected exception");
  }
  if (!port.is_silent()) message.reply().send(port.term(), caller);
}

bool take_turn(Request& request) {
  switch (request.port.claim(request.caller)) {
    case Port::Claim::kGranted:
      return true;
    case Port::Claim::kQueued:
      answer_queued(request);
      return false;
    case Port::Claim::kRefused:
      break;
  }
  const Quota& waiting = node().waiting_calls;
  request.reply.limit("waiting_calls", waiting.limit(), waiting.used() + 1);
  return false;
}

void refuse_instance(Reply& reply) noexcept {
  const Quota& instances = node().instances;
  reply.limit("instances", instances.limit(), instances.used() + 1);
}

void refuse_malformed(Request& request) noexcept {
  request.reply.error(ErrorCode::kBadarg, "malformed request");
}

void answer_queued(Request& request) noexcept {
  request.slot.count(Counter::kQueued);
  request.reply.tag(Tag::kQueued);
}

void answer_pending(Request& request) noexcept {
  request.slot.count(Counter::kPending);
  request.reply.tag(Tag::kPending);
}

void charge_copy(Request& request, std::size_t bytes) noexcept {
  if (bytes > kFreeCopy) charge(request.port, bytes / kBytesPerPercent);
}

void charge_ticks(Port& port, std::uint32_t ticks) noexcept {
  charge(port, std::size_t{ticks} * kPercentPerTick);
}

}  // namespace hb::beamr::driver
