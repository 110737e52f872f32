// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Which type matches which: section 4.5 ("Matching") of the WebAssembly specification.
#include "linking.hpp"

#include <algorithm>

#include "linear_memory.hpp"
#include "text.hpp"

namespace hb::beamr {
namespace {

const char* kind_name(wasm_externkind_t kind) noexcept {
  switch (kind) {
    case WASM_EXTERN_FUNC:
      return "function";
    case WASM_EXTERN_GLOBAL:
      return "global";
    case WASM_EXTERN_TABLE:
      return "table";
    case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
      return "tag";
    default:
      return "memory";
  }
}

ExternType type_of(const ModuleDescription& module, const Import& import) {
  ExternType type{.kind = import.kind};
  switch (import.kind) {
    case WASM_EXTERN_FUNC:
      type.signature = module.function_type(import.index).text;
      break;
    case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
      type.signature = module.type(module.tag_type(import.index)).text;
      break;
    case WASM_EXTERN_GLOBAL:
      type.value_type = module.global_type(import.index).value_type;
      type.is_mutable = module.global_type(import.index).is_mutable;
      break;
    case WASM_EXTERN_TABLE:
      type.value_type = module.table_type(import.index).element_type;
      type.limits = module.table_type(import.index).limits;
      break;
    default:
      type.limits = module.memory_type(import.index);
      break;
  }
  return type;
}

std::string limits_text(const ExternType& type) {
  std::string text = type.limits.is_64 ? "64-bit, " : "";
  text += std::to_string(type.limits.minimum);
  if (type.limits.has_maximum) text += " to " + std::to_string(type.limits.maximum);
  return text + (type.kind == WASM_EXTERN_TABLE ? " elements" : " pages");
}

/// "mutable global of type i32"
std::string type_text(const ExternType& type) {
  const std::string kind = kind_name(type.kind);
  switch (type.kind) {
    case WASM_EXTERN_FUNC:
    case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
      return kind + " " + type.signature;
    case WASM_EXTERN_GLOBAL:
      return (type.is_mutable ? "mutable " : "") + kind + " of type " + value_name(type.value_type);
    case WASM_EXTERN_TABLE:
      return kind + " of type " + value_name(type.value_type) + " (" + limits_text(type) + ")";
    default:
      return kind + " (" + limits_text(type) + ")";
  }
}

bool limits_match(const Limits& offered, const Limits& wanted) noexcept {
  return offered.is_64 == wanted.is_64 && offered.minimum >= wanted.minimum &&
         (!wanted.has_maximum || (offered.has_maximum && offered.maximum <= wanted.maximum));
}

bool types_match(const ExternType& offered, const ExternType& wanted) noexcept {
  if (offered.kind != wanted.kind) return false;
  switch (wanted.kind) {
    case WASM_EXTERN_FUNC:
    case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
      return offered.signature == wanted.signature;
    case WASM_EXTERN_GLOBAL:
      return offered.value_type == wanted.value_type && offered.is_mutable == wanted.is_mutable;
    case WASM_EXTERN_TABLE:
      return offered.value_type == wanted.value_type && limits_match(offered.limits, wanted.limits);
    default:
      return limits_match(offered.limits, wanted.limits);
  }
}

/// An exnref is several values.
bool has_passable_types(const ModuleDescription& module, const Import& import) noexcept {
  return import.kind != WASM_EXTERN_FUNC || module.function_type(import.index).is_passable;
}

}  // namespace

void Offers::add(std::string_view module, std::string_view name, Offer offer) {
  offers_.insert_or_assign({std::string(module), std::string(name)}, std::move(offer));
}

std::uint64_t Offers::image_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& [name, offer] : offers_) bytes += offer.image.size();
  return bytes;
}

const Offer* Offers::find(const Import& import) const {
  if (offers_.empty()) return nullptr;
  const auto found = offers_.find({std::string(import.module), std::string(import.name)});
  return found == offers_.end() ? nullptr : &found->second;
}

std::optional<std::string> Offers::refusal(const ModuleDescription& module, const Import& import,
                                           bool is_bound) const {
  auto why = reason(module, import, is_bound);
  if (!why) return why;
  return std::string(kind_name(import.kind)) + " " + quoted(import.module) + "." +
         quoted(import.name) + ": " + *why;
}

std::optional<std::string> Offers::reason(const ModuleDescription& module, const Import& import,
                                          bool is_bound) const {
  const Offer* offer = find(import);
  const ExternType wanted = type_of(module, import);
  if (offer == nullptr && refuses_unresolved_) return "nothing is offered";
  if (offer != nullptr && offer->type && !types_match(*offer->type, wanted)) {
    return "a " + type_text(*offer->type) + " is offered, a " + type_text(wanted) + " is wanted";
  }
  if (offer != nullptr && offer->value && import.kind != WASM_EXTERN_GLOBAL) {
    return "a value is offered, a " + type_text(wanted) + " is wanted";
  }
  if (offer != nullptr && !offer->image.empty() && import.kind != WASM_EXTERN_MEMORY) {
    return "the image of a memory is offered, a " + type_text(wanted) + " is wanted";
  }
  if (!has_passable_types(module, import)) {
    return "host and guest can pass numbers, v128, funcref and externref only, not " +
           wanted.signature;
  }
  if (import.kind == WASM_EXTERN_FUNC) {
    if (!is_bound) return "nothing answers it";
  } else if (import.kind == WASM_EXTERN_GLOBAL) {
    if (offer == nullptr || !offer->value) {
      return "a value of type " + std::string(value_name(wanted.value_type)) + " is wanted";
    }
    const wasm_valkind_t offered = offer->value->front().kind;
    if (offered != wanted.value_type) {
      return "a value of type " + std::string(value_name(offered)) + " is offered, " +
             value_name(wanted.value_type) + " is wanted";
    }
    return reference_fault(offer->value->front(), module.function_count());
  } else if (import.kind == WASM_EXTERN_MEMORY && offer != nullptr) {
    if (offer->image.size() / kPageSize > wanted.limits.minimum ||
        (offer->image.size() / kPageSize == wanted.limits.minimum &&
         offer->image.size() % kPageSize != 0)) {
      return "an image of " + std::to_string(offer->image.size()) +
             " bytes is offered, the memory begins with " + std::to_string(wanted.limits.minimum) +
             " pages of 65536 bytes";
    }
  }
  return std::nullopt;
}

Given Offers::given(const ModuleDescription& module) const {
  Given given;
  for (const Import& import : module.imports()) {
    const Offer* offer = find(import);
    if (import.kind == WASM_EXTERN_GLOBAL) given.globals.push_back(*offer->value);
    if (import.kind == WASM_EXTERN_MEMORY && offer != nullptr) given.image = offer->image;
  }
  return given;
}

}  // namespace hb::beamr
