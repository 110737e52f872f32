// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "fault.hpp"

#include <optional>

#include "byte_cursor.hpp"
#include "module_description.hpp"
#include "section.hpp"

namespace hb::beamr {
namespace {

/// The content of the code section.
std::optional<std::span<const std::uint8_t>> code_section(std::span<const std::uint8_t> module) {
  ByteCursor in(module);
  in.take(kModuleHeaderSize);
  while (!in.at_end() && !in.failed()) {
    const std::uint8_t id = in.byte();
    const auto content = in.take(in.u32());
    if (id == kCodeSection && !in.failed()) return content;
  }
  return std::nullopt;
}

/// Which of the bodies in the section holds the byte.
std::optional<std::uint32_t> body_at(std::span<const std::uint8_t> section,
                                     const std::uint8_t* byte) {
  ByteCursor in(section);
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
    const auto body = in.take(in.u32());
    if (byte >= body.data() && byte < body.data() + body.size()) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string describe_fault(std::span<const std::uint8_t> module, std::uint64_t offset) {
  const auto code = code_section(module);
  if (!code || offset >= module.size()) return "";
  const auto body = body_at(*code, module.data() + offset);
  // It reads what it is meant for valid modules only within its bytes, and says if it cannot.
  Result<ModuleDescription> description = ModuleDescription::read(module);
  if (!body || !description) return "";
  const std::uint32_t function = description->imported_function_count() + *body;
  std::string text = ", in function " + std::to_string(function);
  if (function >= description->function_count()) return text;
  const std::string_view name = description->function_name(function);
  if (!name.empty()) text += " '" + std::string(name.substr(0, 200)) + "'";
  return text;
}

}  // namespace hb::beamr
