// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "rewrite/lowered_types.hpp"

#include "rewrite/opcodes.hpp"
#include "section.hpp"

namespace hb::beamr {
namespace {

/// Of a function or block: what the validator allows, too.
constexpr std::uint64_t kMaxValues = 1000;

}  // namespace

LoweredTypes::LoweredTypes(const ModuleDescription& module, const ExceptionLayout& layout)
    : layout_(layout), exnref_width_(static_cast<std::uint32_t>(layout.slots().size()) + 1) {
  for (const FunctionType& type : module.types()) {
    encoded_.raw(encode({type.params, type.results}));
    ++count_;
  }
}

void LoweredTypes::put(wasm_valkind_t kind, ByteWriter& out) const {
  if (kind != HB_BEAMR_CAPI_LIB_EXNREF) {
    out.push_back(value_type_code(kind));
    return;
  }
  for (const ExceptionLayout::Slot& slot : layout_.slots())
    out.push_back(value_type_code(slot.kind));
  out.push_back(kTypeI32);
}

void LoweredTypes::put_zero(wasm_valkind_t kind, ByteWriter& out) const {
  switch (kind) {
    case WASM_I32:
      out.op({kOpI32Const, 0});
      break;
    case WASM_I64:
      out.op({kOpI64Const, 0});
      break;
    case WASM_F32:
      out.op({kOpF32Const, 0, 0, 0, 0});
      break;
    case WASM_F64:
      out.op({kOpF64Const, 0, 0, 0, 0, 0, 0, 0, 0});
      break;
    case WASM_V128:
      out.op({kOpVector, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
      break;
    case HB_BEAMR_CAPI_LIB_EXNREF:
      for (const ExceptionLayout::Slot& slot : layout_.slots()) put_zero(slot.kind, out);
      put_zero(WASM_I32, out);
      break;
    default:
      out.op({kOpRefNull, value_type_code(kind)});
      break;
  }
}

void LoweredTypes::put_block_type(const BlockType& type, ByteWriter& out) {
  if (type.params.empty() && type.results.empty()) {
    out.push_back(kTypeEmptyBlock);
  } else if (type.params.empty() && type.results.size() == 1 && width(type.results[0]) == 1) {
    put(type.results[0], out);
  } else {
    out.signed_leb(index_of(type));
  }
}

ByteWriter LoweredTypes::section() const { return ByteWriter().leb(count_).raw(encoded_); }

std::uint32_t LoweredTypes::index_of(const BlockType& type) {
  const auto [entry, is_new] = numbers_.try_emplace(encode(type), count_);
  if (is_new) {
    encoded_.raw(entry->first);
    ++count_;
  }
  return entry->second;
}

std::string LoweredTypes::encode(const BlockType& type) {
  ByteWriter encoded{kTypeFunction};
  put_vector(type.params, encoded);
  put_vector(type.results, encoded);
  return {encoded.begin(), encoded.end()};
}

void LoweredTypes::put_vector(std::span<const wasm_valkind_t> kinds, ByteWriter& out) {
  std::uint64_t values = 0;
  for (const wasm_valkind_t kind : kinds) {
    values += width(kind);
    has_exnrefs_ = has_exnrefs_ || kind == HB_BEAMR_CAPI_LIB_EXNREF;
  }
  if (values > kMaxValues) {
    is_too_wide_ = true;
    kinds = {};
    values = 0;
  }
  out.leb(values);
  for (const wasm_valkind_t kind : kinds) put(kind, out);
}

}  // namespace hb::beamr
