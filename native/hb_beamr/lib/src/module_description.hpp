// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What a module says of itself, read from its bytes: imports, exports, types and names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hb_beamr_capi_lib.h"
#include "result.hpp"
#include "signature.hpp"

namespace hb::beamr {

struct GlobalType {
  wasm_valkind_t value_type = WASM_I32;
  bool is_mutable = false;
};

struct Limits {
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;
  bool has_maximum = false;
  bool is_64 = false;
};

struct TableType {
  wasm_valkind_t element_type = WASM_FUNCREF;
  Limits limits;
};

struct Import {
  wasm_externkind_t kind = WASM_EXTERN_FUNC;
  std::string_view module;
  std::string_view name;
  std::uint32_t index = 0;
};

struct Export {
  wasm_externkind_t kind = WASM_EXTERN_FUNC;
  std::string_view name;
  std::uint32_t index = 0;
};

/// Reads a module that the validator has passed. All views point into `bytes`, which must outlive it.
class ModuleDescription {
 public:
  /// Fails only if the bytes were not validated.
  static Result<ModuleDescription> read(std::span<const std::uint8_t> bytes);

  std::span<const Import> imports() const noexcept { return imports_; }
  std::span<const Export> exports() const noexcept { return exports_; }

  /// The number of functions, imported ones first.
  std::uint32_t function_count() const noexcept {
    return static_cast<std::uint32_t>(function_types_.size());
  }
  std::uint32_t imported_function_count() const noexcept {
    return static_cast<std::uint32_t>(function_imports_.size());
  }
  /// `function` is below function_count().
  const FunctionType& function_type(std::uint32_t function) const noexcept {
    return types_[function_types_[function]];
  }
  /// The place in imports() of an imported function, below imported_function_count().
  std::uint32_t function_import(std::uint32_t function) const noexcept {
    return function_imports_[function];
  }
  std::span<const FunctionType> types() const noexcept { return types_; }
  const FunctionType& type(std::uint32_t index) const noexcept { return types_[index]; }
  std::uint32_t function_type_index(std::uint32_t function) const noexcept {
    return function_types_[function];
  }
  std::uint32_t tag_count() const noexcept { return static_cast<std::uint32_t>(tags_.size()); }
  /// The number of a tag's type; `tag` is below tag_count().
  std::uint32_t tag_type(std::uint32_t tag) const noexcept { return tags_[tag]; }
  /// The first import of the same name and type, which is the same tag, or the tag itself.
  std::uint32_t same_tag(std::uint32_t tag) const noexcept {
    return tag < same_tags_.size() ? same_tags_[tag] : tag;
  }
  std::uint32_t global_count() const noexcept {
    return static_cast<std::uint32_t>(globals_.size());
  }
  /// `index` is below the number of globals.
  const GlobalType& global_type(std::uint32_t index) const noexcept { return globals_[index]; }
  const TableType& table_type(std::uint32_t index) const noexcept { return tables_[index]; }
  std::span<const TableType> table_types() const noexcept { return tables_; }
  const Limits& memory_type(std::uint32_t index) const noexcept { return memories_[index]; }
  bool has_memory() const noexcept { return !memories_.empty(); }

  /// How much the segments that an instance copies take in the module, in bytes.
  std::uint64_t segment_bytes() const noexcept { return segment_bytes_; }

  /// The module's start function, if it has one.
  std::optional<std::uint32_t> start_function() const noexcept { return start_function_; }

  std::optional<std::uint32_t> find_export(wasm_externkind_t kind,
                                           std::string_view name) const noexcept;

  /// Of imported tags and globals; nullptr: there is none.
  const Import* find_import(wasm_externkind_t kind, std::string_view module,
                            std::string_view name) const noexcept;

  /// Under what name a tag is exported or imported: empty if it is neither, and an exported one has no
  /// module.
  struct TagName {
    std::string_view module{};
    std::string_view name{};
  };
  const TagName& tag_name(std::uint32_t tag) const noexcept { return tag_names_[tag]; }

  /// From the name section, else from an export; empty if it has none or it is not UTF-8.
  std::string_view function_name(std::uint32_t function) const noexcept;

 private:
  class Reader;

  std::vector<FunctionType> types_;
  std::vector<std::uint32_t> function_types_;    // by function: place in types_
  std::vector<std::uint32_t> function_imports_;  // by imported function: place in imports_
  std::vector<Import> imports_;
  std::vector<Export> exports_;
  std::vector<TableType> tables_;
  std::vector<Limits> memories_;
  std::vector<GlobalType> globals_;
  std::vector<std::uint32_t> tags_;  // by tag: place in types_
  std::vector<TagName> tag_names_;
  std::vector<std::uint32_t> same_tags_;        // by imported tag
  std::vector<std::uint32_t> imports_by_name_;  // tags and globals: places in imports_, sorted
  std::optional<std::uint32_t> start_function_;
  std::uint64_t segment_bytes_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> exports_by_name_;  // place in exports_
  std::vector<std::pair<std::uint32_t, std::string_view>> names_;        // sorted by function
};

}  // namespace hb::beamr
