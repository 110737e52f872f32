// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "rewrite/exception_layout.hpp"

namespace hb::beamr {

ExceptionLayout::ExceptionLayout(const ModuleDescription& module)
    : pending_(module.global_count()) {
  std::map<wasm_valkind_t, std::vector<Slot>> slots_of_kind;
  for (std::uint32_t tag = 0; tag < module.tag_count(); ++tag) {
    const std::uint32_t number = module.same_tag(tag);
    const auto [entry, is_new] = payloads_.try_emplace(module.tag_type(number));
    tags_.push_back({number, &entry->second});
    if (!is_new) continue;
    std::map<wasm_valkind_t, std::size_t> used;
    for (const wasm_valkind_t kind : module.type(entry->first).params) {
      std::vector<Slot>& slots = slots_of_kind[kind];
      std::size_t& next = used[kind];
      if (next == slots.size()) {
        const auto global = static_cast<std::uint32_t>(pending_ + 1 + slots_.size());
        slots.push_back({kind, global});
        slots_.push_back(slots.back());
      }
      entry->second.push_back(slots[next++]);
    }
  }
}

}  // namespace hb::beamr
