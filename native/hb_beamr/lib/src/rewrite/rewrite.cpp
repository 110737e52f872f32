// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "rewrite/rewrite.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "byte_cursor.hpp"
#include "byte_writer.hpp"
#include "rewrite/function_lowering.hpp"
#include "rewrite/lowered_types.hpp"
#include "rewrite/opcodes.hpp"
#include "section.hpp"

namespace hb::beamr {
namespace {

/// Lowered code may be this many times as large, and this much on top: far more than compilers' output
/// needs, and too little for a module that is made to fill the memory.
constexpr std::size_t kMaxGrowth = 16;
constexpr std::size_t kMaxExtra = std::size_t{1} << 20;

using SectionBytes = std::span<const std::uint8_t>;

/// The sections of a module; those that it does not have are empty.
class Sections {
 public:
  explicit Sections(std::span<const std::uint8_t> bytes) noexcept {
    ByteCursor in(bytes);
    in.take(kModuleHeaderSize);
    while (!in.at_end() && !in.failed()) {
      const std::uint8_t id = in.byte();
      const SectionBytes content = in.take(in.u32());
      if (id != kCustomSection && id < content_.size()) content_[id] = content;
    }
  }
  SectionBytes operator[](SectionId id) const noexcept { return content_[id]; }

 private:
  std::array<SectionBytes, kLastSection + 1> content_{};
};

bool is_own_now(const Import& import) noexcept {
  return import.kind == WASM_EXTERN_TABLE || import.kind == WASM_EXTERN_MEMORY;
}

void put_name(std::string_view name, ByteWriter& out) { out.sized(name); }

void put_limits(const Limits& limits, ByteWriter& out) {
  out.op({(limits.has_maximum ? 0x01 : 0) | (limits.is_64 ? 0x04 : 0)}).leb(limits.minimum);
  if (limits.has_maximum) out.leb(limits.maximum);
}

class Rewriter {
 public:
  Rewriter(std::span<const std::uint8_t> bytes, const ModuleDescription& description,
           const ExceptionUse& use)
      : bytes_(bytes), sections_(bytes), module_(description), use_(use) {
    if (!use.are_used && !use.are_forced) return;
    layout_ = std::make_shared<ExceptionLayout>(description);
    types_.emplace(description, *layout_);
  }

  Result<Rewritten> run();

 private:
  Status check_exnrefs() const;
  ByteWriter imports() const;
  ByteWriter tables() const;
  ByteWriter memories() const;
  ByteWriter globals() const;
  ByteWriter exports() const;
  Status lower_code();
  /// The entries of a section behind others that come first.
  static ByteWriter prepend(std::uint32_t count, const ByteWriter& entries, SectionBytes section);
  bool lowers() const noexcept { return layout_ != nullptr; }

  std::span<const std::uint8_t> bytes_;
  Sections sections_;
  const ModuleDescription& module_;
  const ExceptionUse& use_;
  std::shared_ptr<ExceptionLayout> layout_;
  std::optional<LoweredTypes> types_;
  ByteWriter code_;
  OffsetMap offsets_;
};

/// An exnref is several values: there is no place for them in a table, nor in another exception.
Status Rewriter::check_exnrefs() const {
  const auto refuse = [](const std::string& what) {
    return Error{Rc::kLoadFailed, "not supported: " + what};
  };
  for (const TableType& table : module_.table_types()) {
    if (table.element_type == HB_BEAMR_CAPI_LIB_EXNREF) return refuse("a table of type exnref");
  }
  for (std::uint32_t global = 0; global < module_.global_count(); ++global) {
    if (module_.global_type(global).value_type == HB_BEAMR_CAPI_LIB_EXNREF) {
      return refuse("a global of type exnref");
    }
  }
  for (const ExceptionLayout::Slot& slot : layout_->slots()) {
    if (slot.kind == HB_BEAMR_CAPI_LIB_EXNREF) return refuse("a tag with a value of type exnref");
  }
  return ok();
}

ByteWriter Rewriter::prepend(std::uint32_t count, const ByteWriter& entries, SectionBytes section) {
  ByteCursor in(section);
  const std::uint32_t own = section.empty() ? 0 : in.u32();
  if (count + own == 0) return {};
  return ByteWriter().leb(std::uint64_t{count} + own).raw(entries).raw(in.take(in.left()));
}

/// Functions and globals.
ByteWriter Rewriter::imports() const {
  ByteWriter entries;
  std::uint32_t count = 0;
  for (const Import& import : module_.imports()) {
    if (import.kind != WASM_EXTERN_FUNC && import.kind != WASM_EXTERN_GLOBAL) continue;
    ++count;
    put_name(import.module, entries);
    put_name(import.name, entries);
    if (import.kind == WASM_EXTERN_FUNC) {
      entries.op({0}).leb(module_.function_type_index(import.index));
    } else {
      const GlobalType& type = module_.global_type(import.index);
      entries.op({3, value_type_code(type.value_type), type.is_mutable ? 1 : 0});
    }
  }
  return prepend(count, entries, {});
}

ByteWriter Rewriter::tables() const {
  ByteWriter entries;
  std::uint32_t count = 0;
  for (const Import& import : module_.imports()) {
    if (import.kind != WASM_EXTERN_TABLE) continue;
    ++count;
    const TableType& type = module_.table_type(import.index);
    entries.op({value_type_code(type.element_type)});
    put_limits(type.limits, entries);
  }
  return prepend(count, entries, sections_[kTableSection]);
}

ByteWriter Rewriter::memories() const {
  ByteWriter entries;
  std::uint32_t count = 0;
  for (const Import& import : module_.imports()) {
    if (import.kind != WASM_EXTERN_MEMORY) continue;
    ++count;
    put_limits(module_.memory_type(import.index), entries);
  }
  return prepend(count, entries, sections_[kMemorySection]);
}

/// The module's own, then those of the layout.
ByteWriter Rewriter::globals() const {
  const SectionBytes section = sections_[kGlobalSection];
  if (!lowers()) return prepend(0, {}, section);
  ByteWriter added;
  const auto add = [&](wasm_valkind_t kind) {
    added.op({value_type_code(kind), 1});
    types_->put_zero(kind, added);
    added.op({kOpEnd});
  };
  add(WASM_I32);
  for (const ExceptionLayout::Slot& slot : layout_->slots()) add(slot.kind);
  ByteCursor in(section);
  const std::uint64_t own = section.empty() ? 0 : in.u32();
  return ByteWriter().leb(own + 1 + layout_->slots().size()).raw(in.take(in.left())).raw(added);
}

/// All but tags.
ByteWriter Rewriter::exports() const {
  ByteWriter entries;
  std::uint32_t count = 0;
  for (const Export& item : module_.exports()) {
    if (item.kind == HB_BEAMR_CAPI_LIB_EXTERN_TAG) continue;
    ++count;
    put_name(item.name, entries);
    entries.op({extern_kind_code(item.kind)}).leb(item.index);
  }
  return prepend(count, entries, {});
}

Status Rewriter::lower_code() {
  ByteCursor in(sections_[kCodeSection]);
  const Lowering lowering{.module = module_,
                          .layout = *layout_,
                          .types = *types_,
                          .bytes = bytes_,
                          .exnref_operands = use_.exnref_operands,
                          .is_forced = use_.are_forced,
                          .max_code_size = kMaxGrowth * bytes_.size() + kMaxExtra};
  const std::uint32_t count = sections_[kCodeSection].empty() ? 0 : in.u32();
  if (count > 0) code_.leb(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const SectionBytes body = in.take(in.u32());
    const auto begin = static_cast<std::size_t>(body.data() - bytes_.data());
    const FunctionType& type = module_.function_type(module_.imported_function_count() + i);
    if (Status lowered = lower_function(lowering, type, begin, body.size(), code_, offsets_);
        !lowered) {
      return lowered;
    }
  }
  if (types_->is_too_wide()) {
    return Error{Rc::kLoadFailed,
                 "not supported: with its exceptions a type has more than 1000 values"};
  }
  return ok();
}

Result<Rewritten> Rewriter::run() {
  const auto imports_of_module = module_.imports();
  const bool makes_own =
      std::any_of(imports_of_module.begin(), imports_of_module.end(), is_own_now);
  if (!lowers() && !makes_own) return Rewritten{{bytes_.begin(), bytes_.end()}, nullptr, {}};

  if (lowers()) {
    if (Status possible = check_exnrefs(); !possible) return possible.error();
    if (Status lowered = lower_code(); !lowered) return lowered.error();
  }
  ByteWriter out(bytes_.begin(), bytes_.begin() + kModuleHeaderSize);
  const auto copy = [&](SectionId id) { out.section(id, sections_[id]); };
  if (lowers()) {
    out.section(kTypeSection, types_->section());
  } else {
    copy(kTypeSection);
  }
  out.section(kImportSection, imports());
  copy(kFunctionSection);
  out.section(kTableSection, tables());
  out.section(kMemorySection, memories());
  out.section(kGlobalSection, globals());
  out.section(kExportSection, exports());
  copy(kStartSection);
  copy(kElementSection);
  copy(kDataCountSection);
  const SectionBytes code = lowers() ? SectionBytes(code_) : sections_[kCodeSection];
  out.section(kCodeSection, code);
  if (!code.empty()) {
    const auto base = static_cast<std::uint32_t>(out.size() - code.size());
    if (lowers()) {
      offsets_.move(base);
    } else {
      offsets_.add(base, static_cast<std::uint32_t>(code.data() - bytes_.data()));
    }
  }
  copy(kDataSection);
  if (out.size() > UINT32_MAX) return Error{Rc::kLoadFailed, "the module is too large"};
  return Rewritten{std::move(out), layout_, std::move(offsets_)};
}

}  // namespace

Result<Rewritten> rewrite_module(std::span<const std::uint8_t> bytes,
                                 const ModuleDescription& description, const ExceptionUse& use) {
  return Rewriter(bytes, description, use).run();
}

}  // namespace hb::beamr
