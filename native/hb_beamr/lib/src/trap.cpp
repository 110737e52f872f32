// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "trap.hpp"

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
};
static_assert(std::size(kNames) == HB_BEAMR_CAPI_LIB_TRAP_OTHER + 1);

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
                                                   const ModuleDescription& module) {
  std::vector<hb_beamr_capi_lib_frame_t> frames;
  frames.reserve(record.size());
  for (std::size_t i = 0; i < record.size(); ++i) {
    const std::string_view name = module.function_name(record[i].function);
    frames.push_back({.function_index = record[i].function,
                      .offset = record[i].offset,
                      .name = name.empty() ? nullptr : name.data(),
                      .name_len = name.size()});
  }
  return frames;
}

}  // namespace hb::beamr
