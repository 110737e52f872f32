// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The numbers of the binary format for sections, types and kinds of imports and exports: chapter 5 of
// the WebAssembly specification.
#pragma once

#include <cstdint>

#include "byte_cursor.hpp"
#include "hb_beamr_capi_lib.h"

namespace hb::beamr {

inline constexpr std::size_t kModuleHeaderSize = 8;  // magic and version

enum SectionId : std::uint8_t {
  kCustomSection = 0,
  kTypeSection = 1,
  kImportSection = 2,
  kFunctionSection = 3,
  kTableSection = 4,
  kMemorySection = 5,
  kGlobalSection = 6,
  kExportSection = 7,
  kStartSection = 8,
  kElementSection = 9,
  kCodeSection = 10,
  kDataSection = 11,
  kDataCountSection = 12,
  kTagSection = 13,
  kLastSection = kTagSection,
};

enum TypeCode : std::uint8_t {
  kTypeI32 = 0x7F,
  kTypeI64 = 0x7E,
  kTypeF32 = 0x7D,
  kTypeF64 = 0x7C,
  kTypeV128 = 0x7B,
  kTypeFuncref = 0x70,
  kTypeExternref = 0x6F,
  kTypeExnref = 0x69,
  kTypeNoexnref = 0x74,
  kTypeNullableRef = 0x63,  // a heap type follows
  kTypeRef = 0x64,          // likewise
  kTypeFunction = 0x60,
  kTypeEmptyBlock = 0x40,
};

constexpr std::uint8_t value_type_code(wasm_valkind_t kind) noexcept {
  switch (kind) {
    case WASM_I32:
      return kTypeI32;
    case WASM_I64:
      return kTypeI64;
    case WASM_F32:
      return kTypeF32;
    case WASM_F64:
      return kTypeF64;
    case WASM_V128:
      return kTypeV128;
    case WASM_FUNCREF:
      return kTypeFuncref;
    case HB_BEAMR_CAPI_LIB_EXNREF:
      return kTypeExnref;
    default:
      return kTypeExternref;
  }
}

/// Reads a value type; null or not makes no difference here.
inline wasm_valkind_t read_value_type(ByteCursor& in) noexcept {
  std::uint8_t code = in.byte();
  if (code == kTypeNullableRef || code == kTypeRef) code = in.byte();
  switch (code) {
    case kTypeI32:
      return WASM_I32;
    case kTypeI64:
      return WASM_I64;
    case kTypeF32:
      return WASM_F32;
    case kTypeF64:
      return WASM_F64;
    case kTypeV128:
      return WASM_V128;
    case kTypeFuncref:
      return WASM_FUNCREF;
    case kTypeExnref:
    case kTypeNoexnref:
      return HB_BEAMR_CAPI_LIB_EXNREF;
    default:
      return WASM_EXTERNREF;
  }
}

/// The binary format numbers functions, tables, memories, globals, tags; the C API another way.
constexpr std::uint8_t extern_kind_code(wasm_externkind_t kind) noexcept {
  switch (kind) {
    case WASM_EXTERN_FUNC:
      return 0;
    case WASM_EXTERN_TABLE:
      return 1;
    case WASM_EXTERN_MEMORY:
      return 2;
    case WASM_EXTERN_GLOBAL:
      return 3;
    default:
      return 4;
  }
}

constexpr wasm_externkind_t extern_kind(std::uint8_t code) noexcept {
  switch (code) {
    case 0:
      return WASM_EXTERN_FUNC;
    case 1:
      return WASM_EXTERN_TABLE;
    case 2:
      return WASM_EXTERN_MEMORY;
    case 3:
      return WASM_EXTERN_GLOBAL;
    default:
      return HB_BEAMR_CAPI_LIB_EXTERN_TAG;
  }
}

}  // namespace hb::beamr
