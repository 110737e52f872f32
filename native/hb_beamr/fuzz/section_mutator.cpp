// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Mutates a module within one section, or one function of the code section, and sets the sizes around it
// right, so that what comes after it still means the same. Only for libFuzzer.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "byte_cursor.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed);

namespace {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t kHeader = 8;
constexpr std::uint8_t kCode = 10;

void put_leb(Bytes& out, std::size_t value) {
  for (; value > 0x7F; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_sized(Bytes& out, View content) {
  put_leb(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
}

Bytes mutate(View content, std::size_t max_growth) {
  Bytes mutated(content.begin(), content.end());
  mutated.resize(content.size() + max_growth);
  mutated.resize(LLVMFuzzerMutate(mutated.data(), content.size(), mutated.size()));
  return mutated;
}

/// Mutates one of the parts of a vector that have their size in front.
Bytes mutate_code(View section, unsigned seed, std::size_t max_growth) {
  hb::beamr::ByteCursor in(section);
  const std::uint32_t count = in.u32();
  if (count == 0) return mutate(section, max_growth);
  Bytes out;
  put_leb(out, count);
  for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
    const View body = in.take(in.u32());
    if (i == seed % count) {
      put_sized(out, mutate(body, max_growth));
    } else {
      put_sized(out, body);
    }
  }
  return out;
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  struct Section {
    std::uint8_t id;
    View content;
  };
  std::vector<Section> sections;
  hb::beamr::ByteCursor in({data, size});
  in.take(kHeader);
  while (!in.at_end()) {
    const std::uint8_t id = in.byte();
    sections.push_back({id, in.take(in.u32())});
  }
  // Sizes may take some bytes more than before.
  const std::size_t growth = max_size - size;
  if (in.failed() || sections.empty() || growth < 16 || seed % 8 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }

  const std::size_t chosen = (seed / 8) % sections.size();
  Bytes out(data, data + kHeader);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto& [id, content] = sections[i];
    out.push_back(id);
    if (i != chosen) {
      put_sized(out, content);
    } else if (id == kCode) {
      put_sized(out, mutate_code(content, seed / 512, growth - 15));
    } else {
      put_sized(out, mutate(content, growth - 15));
    }
  }
  if (out.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(out.begin(), out.end(), data);
  return out.size();
}
