// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "text.hpp"

#include "utf8.hpp"

namespace hb::beamr {
namespace {

constexpr std::size_t kMaxName = 200;

bool is_tail_byte(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string quoted(std::string_view name) {
  const bool is_cut = name.size() > kMaxName;
  if (is_cut) {
    // Not within a character of UTF-8, which has up to three bytes behind its first.
    std::size_t end = kMaxName;
    while (end > kMaxName - 3 && is_tail_byte(name[end])) --end;
    name = name.substr(0, end);
  }
  const bool is_text = is_utf8(name);
  std::string text = "'";
  for (const char byte : name) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7F || (value >= 0x80 && !is_text)) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      text += "\\x";
      text += kDigits[value >> 4U];
      text += kDigits[value & 0x0FU];
    } else {
      text += byte;
    }
  }
  return text + (is_cut ? "...'" : "'");
}

std::string trap_message(const wasm_trap_t* trap) {
  wasm_message_t message{};
  wasm_trap_message(trap, &message);
  if (message.data == nullptr) return {};  // memory was short: its size is what was wanted
  std::string text(message.data, message.size);
  wasm_byte_vec_delete(&message);
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

}  // namespace hb::beamr
