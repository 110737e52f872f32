// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "trap.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>

#include "signature.hpp"
#include "text.hpp"

namespace hb::beamr {
namespace {

struct KnownTrap {
  std::string_view words;  // the engine's, in wasm_runtime_common.c: exception_msgs
  hb_beamr_capi_lib_trap_kind_t kind;
};

constexpr KnownTrap kKnownTraps[] = {
    {"unreachable", HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE},
    {"out of bounds memory access", HB_BEAMR_CAPI_LIB_TRAP_MEMORY_OUT_OF_BOUNDS},
    {"out of bounds table access", HB_BEAMR_CAPI_LIB_TRAP_TABLE_OUT_OF_BOUNDS},
    {"undefined element", HB_BEAMR_CAPI_LIB_TRAP_UNDEFINED_ELEMENT},
    {"uninitialized element", HB_BEAMR_CAPI_LIB_TRAP_UNINITIALIZED_ELEMENT},
    {"indirect call type mismatch", HB_BEAMR_CAPI_LIB_TRAP_INDIRECT_CALL_TYPE_MISMATCH},
    {"integer divide by zero", HB_BEAMR_CAPI_LIB_TRAP_INTEGER_DIVIDE_BY_ZERO},
    {"integer overflow", HB_BEAMR_CAPI_LIB_TRAP_INTEGER_OVERFLOW},
    {"invalid conversion to integer", HB_BEAMR_CAPI_LIB_TRAP_INVALID_CONVERSION_TO_INTEGER},
    {"wasm operand stack overflow", HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW},
    {"native stack overflow", HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW},
    {"wasm auxiliary stack overflow", HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW},
    {"wasm auxiliary stack underflow", HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW},
};

constexpr const char* kNames[] = {
    "none",
    "unreachable",
    "memory_out_of_bounds",
    "table_out_of_bounds",
    "undefined_element",
    "uninitialized_element",
    "indirect_call_type_mismatch",
    "integer_divide_by_zero",
    "integer_overflow",
    "invalid_conversion_to_integer",
    "stack_overflow",
    "host",
    "cancelled",
    "other",
    "exception",
};
static_assert(std::size(kNames) == HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION + 1);

std::string tag_text(const ModuleDescription& module, std::uint32_t tag) {
  const ModuleDescription::TagName& name = module.tag_name(tag);
  if (name.name.data() == nullptr) return "of tag " + std::to_string(tag);
  if (name.module.data() == nullptr) return quoted(name.name);
  return quoted(name.module) + "." + quoted(name.name);
}

/// `value` is the first slot of its value.
std::string value_text(const wasm_val_t& value) {
  std::array<char, 40> text{};
  switch (value.kind) {
    case WASM_I32:
      return std::to_string(value.of.i32);
    case WASM_I64:
      return std::to_string(value.of.i64);
    case WASM_F32:
      std::snprintf(text.data(), text.size(), "%.9g", double{value.of.f32});
      return text.data();
    case WASM_F64:
      std::snprintf(text.data(), text.size(), "%.17g", value.of.f64);
      return text.data();
    case WASM_V128:
      std::snprintf(text.data(), text.size(), "0x%016" PRIx64 "%016" PRIx64,
                    static_cast<std::uint64_t>((&value)[1].of.i64),
                    static_cast<std::uint64_t>(value.of.i64));
      return text.data();
    default:
      return value.of.i64 == kNullReference ? "null" : value_name(value.kind);
  }
}

}  // namespace

hb_beamr_capi_lib_trap_kind_t trap_kind_of(std::string_view message) noexcept {
  for (const KnownTrap& known : kKnownTraps) {
    if (message == known.words) return known.kind;
  }
  return HB_BEAMR_CAPI_LIB_TRAP_OTHER;
}

const char* trap_kind_name(hb_beamr_capi_lib_trap_kind_t kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < std::size(kNames) ? kNames[index] : "other";
}

std::vector<hb_beamr_capi_lib_frame_t> name_frames(const FrameRecord& record,
                                                   const Module& module) {
  std::vector<hb_beamr_capi_lib_frame_t> frames;
  frames.reserve(record.size());
  for (std::size_t i = 0; i < record.size(); ++i) {
    const std::string_view name = module.description().function_name(record[i].function);
    const std::uint32_t offset = record[i].offset;
    frames.push_back({.function_index = record[i].function,
                      .offset = offset == 0 ? 0 : module.original_offset(offset),
                      .name = name.empty() ? nullptr : name.data(),
                      .name_len = name.size()});
  }
  return frames;
}

std::string describe_exception(const ModuleDescription& module, std::uint32_t tag,
                               std::span<const wasm_val_t> payload) {
  constexpr std::size_t kMaxValues = 8;
  std::string text = "uncaught exception " + tag_text(module, tag) + " (";
  std::size_t count = 0;
  for (std::size_t i = 0; i < payload.size(); i += slot_count(payload[i].kind)) {
    if (i > 0) text += ", ";
    if (count++ == kMaxValues) return text + "...)";
    text += value_text(payload[i]);
  }
  return text + ")";
}

}  // namespace hb::beamr
