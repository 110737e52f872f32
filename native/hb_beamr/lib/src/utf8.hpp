// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hb::beamr {

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
constexpr bool is_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t tail = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;  // of the first byte after the lead
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
      tail = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      tail = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      tail = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (text.size() - i <= tail) return false;
    for (std::size_t k = 1; k <= tail; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xBF;
    }
    i += tail + 1;
  }
  return true;
}

}  // namespace hb::beamr
