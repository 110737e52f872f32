// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations on limits, and on what of them is used.

#include <unistd.h>

#include <array>

#include "command.hpp"
#include "counters.hpp"
#include "node.hpp"

namespace hb::beamr::driver {

namespace {

constexpr std::uint64_t micros_of_ticks(std::uint64_t ticks) noexcept {
  return ticks * static_cast<std::uint64_t>(Ticker::kInterval.count());
}

/// Bytes of the machine; 0 if the system does not say.
std::uint64_t physical_memory() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
}

/// What an instance does now, as INFO has it.
enum class Activity : std::uint64_t { kIdle = 0, kWaiting = 1, kWorking = 2 };

Activity activity_of(Port& port) noexcept {
  if (!port.is_still()) return Activity::kWorking;
  return port.instance().is_waiting() ? Activity::kWaiting : Activity::kIdle;
}

}  // namespace

void set_limits(Request& request) {
  hb_beamr_capi_lib_limits_t limits{};
  if (!request.data.read(limits.max_memory) || !request.data.read(limits.max_table_elements) ||
      !request.data.read(limits.max_call_depth) || !request.data.read(limits.max_results) ||
      !request.data.is_at_end()) {
    return refuse_malformed(request);
  }
  if (!request.port.is_still()) {
    return request.reply.error(ErrorCode::kInvalidState, "the instance is busy");
  }
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto rc = hb_beamr_capi_lib_set_limits(context, &limits);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  request.reply.tag(Tag::kOk);
}

void configure(Request& request) {
  std::uint64_t instances = 0;
  std::uint64_t total_memory = 0;
  std::uint64_t waiting_calls = 0;
  std::uint8_t measures_holds = 0;
  if (!request.data.read(instances) || !request.data.read(total_memory) ||
      !request.data.read(waiting_calls) || !request.data.read(measures_holds) ||
      !request.data.is_at_end()) {
    return refuse_malformed(request);
  }
  node().instances.set_limit(instances);
  node().waiting_calls.set_limit(waiting_calls);
  node().holds.switch_on(measures_holds != 0);
  hb_beamr_capi_lib_set_total_memory_limit(total_memory);
  request.reply.tag(Tag::kOk);
}

void report_instance(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  Port& port = request.port;
  const std::array<NamedNumber, 10> numbers{{
      {"activity", static_cast<std::uint64_t>(activity_of(port))},
      {"waiting", port.queue_length()},
      {"memory", port.memory_size()},
      {"calls", port.used(Counter::kCalls)},
      {"imports", port.used(Counter::kImports)},
      {"traps", port.used(Counter::kTraps)},
      {"timeouts", port.used(Counter::kTimeouts)},
      {"migrations", port.used(Counter::kMigrations)},
      {"inline_us", micros_of_ticks(port.used(Counter::kInlineTicks))},
      {"worker_us", port.used(Counter::kWorkerMicros)},
  }};
  report(numbers, request.reply);
}

void report_node(Reply& reply) noexcept {
  const Node& shared = node();
  const std::array<NamedNumber, 20> numbers{{
      {"instances", shared.instances.used()},
      {"waiting", shared.waiting_calls.used()},
      {"memory", hb_beamr_capi_lib_total_memory()},
      {"physical_memory", physical_memory()},
      {"calls", Slots::sum(Counter::kCalls)},
      {"imports", Slots::sum(Counter::kImports)},
      {"traps", Slots::sum(Counter::kTraps)},
      {"timeouts", Slots::sum(Counter::kTimeouts)},
      {"migrations", Slots::sum(Counter::kMigrations)},
      {"inline_us", micros_of_ticks(Slots::sum(Counter::kInlineTicks))},
      {"worker_us", Slots::sum(Counter::kWorkerMicros)},
      {"requeues", Slots::sum(Counter::kRequeues)},
      {"pending", Slots::sum(Counter::kPending)},
      {"queued", Slots::sum(Counter::kQueued)},
      {"queue_length", shared.pool.waiting()},
      {"workers", shared.pool.workers()},
      {"ticks", shared.ticker.ticks()},
      {"parks", shared.ticker.parks()},
      {"longest_hold_ns", shared.holds.longest()},
      {"longest_hold_of", shared.holds.longest_of()},
  }};
  report(numbers, reply);
}

}  // namespace hb::beamr::driver
