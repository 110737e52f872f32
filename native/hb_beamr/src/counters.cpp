// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "counters.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "node.hpp"
#include "slot.hpp"

namespace hb::beamr::driver {

void report_counters(Reply& reply) noexcept {
  const Node& shared = node();
  const std::array<std::pair<std::string_view, std::uint64_t>, 12> counters{{
      {"instances", shared.instances.load(std::memory_order_relaxed)},
      {"calls", Slots::sum(Counter::kCalls)},
      {"imports", Slots::sum(Counter::kImports)},
      {"traps", Slots::sum(Counter::kTraps)},
      {"migrations", Slots::sum(Counter::kMigrations)},
      {"requeues", Slots::sum(Counter::kRequeues)},
      {"pending", Slots::sum(Counter::kPending)},
      {"queued", Slots::sum(Counter::kQueued)},
      {"queue_length", shared.pool.waiting()},
      {"workers", shared.pool.workers()},
      {"ticks", shared.ticker.ticks()},
      {"parks", shared.ticker.parks()},
  }};

  std::size_t size = 1;
  for (const auto& [name, value] : counters) size += 1 + name.size() + sizeof value;
  char* at = reply.begin(size);
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kOk);
  for (const auto& [name, value] : counters) {
    writer.put(static_cast<std::uint8_t>(name.size())).put(name).put(value);
  }
}

}  // namespace hb::beamr::driver
