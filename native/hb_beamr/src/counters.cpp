// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "counters.hpp"

namespace hb::beamr::driver {

void report(std::span<const NamedNumber> numbers, Reply& reply) noexcept {
  std::size_t size = 1;
  for (const auto& [name, value] : numbers) size += 1 + name.size() + sizeof value;
  char* at = reply.begin(size);
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kOk);
  for (const auto& [name, value] : numbers) {
    writer.put(static_cast<std::uint8_t>(name.size())).put(name).put(value);
  }
}

}  // namespace hb::beamr::driver
