// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The binary format is chapter 5 of the WebAssembly specification; the name section is in its
// appendix A.4. Custom sections are not validated by anyone, so a broken name section just ends.
#include "module_description.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "byte_cursor.hpp"
#include "section.hpp"
#include "utf8.hpp"

namespace hb::beamr {
namespace {

/// In bytes: the validator accepts no longer ones.
constexpr std::size_t kLongestName = 100'000;

Limits read_limits(ByteCursor& in) noexcept {
  const std::uint8_t flags = in.byte();
  Limits limits;
  limits.has_maximum = (flags & 0x01U) != 0;
  limits.is_64 = (flags & 0x04U) != 0;
  limits.minimum = in.leb();
  if (limits.has_maximum) limits.maximum = in.leb();
  return limits;
}

TableType read_table_type(ByteCursor& in) noexcept {
  TableType table;
  table.element_type = read_value_type(in);
  table.limits = read_limits(in);
  return table;
}

GlobalType read_global_type(ByteCursor& in) noexcept {
  GlobalType global;
  global.value_type = read_value_type(in);
  global.is_mutable = in.byte() != 0;
  return global;
}

void skip_constant_expression(ByteCursor& in) noexcept {
  while (!in.failed()) {
    switch (in.byte()) {
      case 0x0B:  // end
        return;
      case 0x43:  // f32.const
        in.take(4);
        break;
      case 0x44:  // f64.const
        in.take(8);
        break;
      case 0xFD:  // v128.const: no other vector instruction is constant
        in.leb();
        in.take(16);
        break;
      case 0x23:  // global.get
      case 0x41:  // i32.const
      case 0x42:  // i64.const
      case 0xD0:  // ref.null
      case 0xD2:  // ref.func
        in.leb();
        break;
      default:  // the arithmetic of extended constant expressions has no immediates
        break;
    }
  }
}

/// What imports are sorted by.
auto key_of(const Import& import) noexcept {
  return std::tuple(import.kind, import.module, import.name);
}

}  // namespace

/// Fills a description, section by section.
class ModuleDescription::Reader {
 public:
  explicit Reader(ModuleDescription& out) noexcept : out_(out) {}

  bool read(std::span<const std::uint8_t> bytes) {
    ByteCursor in(bytes);
    in.take(kModuleHeaderSize);
    while (!in.at_end() && !in.failed()) {
      const std::uint8_t id = in.byte();
      const std::uint32_t size = in.u32();
      ByteCursor section(in.take(size));
      if (id == kElementSection || id == kDataSection) out_.segment_bytes_ += size;
      read_section(id, section);
      if (section.failed() && id != kCustomSection) return false;
    }
    // Of two names the first one counts. A stable sort would take memory of its own.
    std::sort(out_.names_.begin(), out_.names_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first, a.second.data()) < std::pair(b.first, b.second.data());
    });
    if (in.failed() || !is_consistent()) return false;
    name_tags();
    find_same_tags();
    sort_imports();
    return true;
  }

 private:
  void read_section(std::uint8_t id, ByteCursor& in) {
    switch (id) {
      case kCustomSection:
        if (in.name() == "name") read_names(in);
        break;
      case kTypeSection:
        repeat(in, [&] { read_type(in); });
        break;
      case kImportSection:
        repeat(in, [&] { read_import(in); });
        break;
      case kFunctionSection:
        repeat(in, [&] { out_.function_types_.push_back(in.u32()); });
        break;
      case kTableSection:
        repeat(in, [&] { out_.tables_.push_back(read_table_type(in)); });
        break;
      case kMemorySection:
        repeat(in, [&] { out_.memories_.push_back(read_limits(in)); });
        break;
      case kGlobalSection:
        repeat(in, [&] {
          out_.globals_.push_back(read_global_type(in));
          skip_constant_expression(in);
        });
        break;
      case kTagSection:
        repeat(in, [&] { read_tag(in); });
        break;
      case kExportSection:
        repeat(in, [&] { read_export(in); });
        break;
      case kStartSection:
        out_.start_function_ = in.u32();
        break;
      default:
        break;
    }
  }

  template <typename F>
  static void repeat(ByteCursor& in, F&& read_one) {
    for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) read_one();
  }

  void read_type(ByteCursor& in) {
    FunctionType type;
    in.byte();  // 0x60
    repeat(in, [&] { type.params.push_back(read_value_type(in)); });
    repeat(in, [&] { type.results.push_back(read_value_type(in)); });
    type.complete();
    out_.types_.push_back(std::move(type));
  }

  void read_import(ByteCursor& in) {
    Import import;
    import.module = in.name();
    import.name = in.name();
    import.kind = extern_kind(in.byte());
    switch (import.kind) {
      case WASM_EXTERN_FUNC:
        import.index = static_cast<std::uint32_t>(out_.function_types_.size());
        out_.function_types_.push_back(in.u32());
        out_.function_imports_.push_back(static_cast<std::uint32_t>(out_.imports_.size()));
        break;
      case WASM_EXTERN_TABLE:
        import.index = static_cast<std::uint32_t>(out_.tables_.size());
        out_.tables_.push_back(read_table_type(in));
        break;
      case WASM_EXTERN_MEMORY:
        import.index = static_cast<std::uint32_t>(out_.memories_.size());
        out_.memories_.push_back(read_limits(in));
        break;
      case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
        import.index = out_.tag_count();
        read_tag(in);
        break;
      default:
        import.index = static_cast<std::uint32_t>(out_.globals_.size());
        out_.globals_.push_back(read_global_type(in));
        break;
    }
    out_.imports_.push_back(import);
  }

  void read_tag(ByteCursor& in) {
    in.byte();  // an exception
    out_.tags_.push_back(in.u32());
  }

  void read_export(ByteCursor& in) {
    Export item;
    item.name = in.name();
    item.kind = extern_kind(in.byte());
    item.index = in.u32();
    out_.exports_by_name_.emplace(item.name, static_cast<std::uint32_t>(out_.exports_.size()));
    out_.exports_.push_back(item);
  }

  void read_names(ByteCursor& in) {
    while (!in.at_end()) {
      const std::uint8_t id = in.byte();
      ByteCursor names(in.take(in.u32()));
      if (id != 1) continue;  // 1: functions
      repeat(names, [&] {
        const std::uint32_t function = names.u32();
        const std::string_view name = names.name();
        if (!names.failed()) out_.names_.emplace_back(function, name);
      });
    }
  }

  void name_tags() {
    out_.tag_names_.resize(out_.tags_.size());
    for (const Import& import : out_.imports_) {
      if (import.kind != HB_BEAMR_CAPI_LIB_EXTERN_TAG) continue;
      out_.tag_names_[import.index] = {import.module, import.name};
    }
    for (const Export& item : out_.exports_) {
      if (item.kind != HB_BEAMR_CAPI_LIB_EXTERN_TAG) continue;
      TagName& name = out_.tag_names_[item.index];
      if (name.name.data() == nullptr) name = {{}, item.name};
    }
  }

  void find_same_tags() {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, std::uint32_t> first;
    for (const Import& import : out_.imports_) {
      if (import.kind != HB_BEAMR_CAPI_LIB_EXTERN_TAG) continue;
      const std::string_view type = out_.types_[out_.tags_[import.index]].text;
      const auto key = std::tuple(import.module, import.name, type);
      out_.same_tags_.push_back(first.try_emplace(key, import.index).first->second);
    }
  }

  void sort_imports() {
    for (std::uint32_t i = 0; i < out_.imports_.size(); ++i) {
      const wasm_externkind_t kind = out_.imports_[i].kind;
      if (kind == WASM_EXTERN_GLOBAL || kind == HB_BEAMR_CAPI_LIB_EXTERN_TAG) {
        out_.imports_by_name_.push_back(i);
      }
    }
    // Of several of one name the first counts.
    std::sort(out_.imports_by_name_.begin(), out_.imports_by_name_.end(),
              [&](std::uint32_t a, std::uint32_t b) {
                return std::pair(key_of(out_.imports_[a]), a) <
                       std::pair(key_of(out_.imports_[b]), b);
              });
  }

  bool is_consistent() const noexcept {
    const auto type_exists = [&](std::uint32_t type) { return type < out_.types_.size(); };
    const auto item_exists = [&](const Export& item) {
      switch (item.kind) {
        case WASM_EXTERN_FUNC:
          return item.index < out_.function_types_.size();
        case WASM_EXTERN_TABLE:
          return item.index < out_.tables_.size();
        case WASM_EXTERN_MEMORY:
          return item.index < out_.memories_.size();
        case HB_BEAMR_CAPI_LIB_EXTERN_TAG:
          return item.index < out_.tags_.size();
        default:
          return item.index < out_.globals_.size();
      }
    };
    return std::all_of(out_.function_types_.begin(), out_.function_types_.end(), type_exists) &&
           std::all_of(out_.tags_.begin(), out_.tags_.end(), type_exists) &&
           std::all_of(out_.exports_.begin(), out_.exports_.end(), item_exists) &&
           (!out_.start_function_ || *out_.start_function_ < out_.function_types_.size());
  }

  ModuleDescription& out_;
};

Result<ModuleDescription> ModuleDescription::read(std::span<const std::uint8_t> bytes) {
  ModuleDescription description;
  if (!Reader(description).read(bytes)) {
    return Error{Rc::kInternal, "the module passed validation but its sections cannot be read"};
  }
  return description;
}

std::optional<std::uint32_t> ModuleDescription::find_export(wasm_externkind_t kind,
                                                            std::string_view name) const noexcept {
  if (name.size() > kLongestName) return std::nullopt;  // hashing it could take long
  const auto found = exports_by_name_.find(name);
  if (found == exports_by_name_.end() || exports_[found->second].kind != kind) return std::nullopt;
  return exports_[found->second].index;
}

const Import* ModuleDescription::find_import(wasm_externkind_t kind, std::string_view module,
                                             std::string_view name) const noexcept {
  const auto key = std::tuple(kind, module, name);
  const auto found = std::lower_bound(
      imports_by_name_.begin(), imports_by_name_.end(), key,
      [&](std::uint32_t import, const auto& wanted) { return key_of(imports_[import]) < wanted; });
  if (found == imports_by_name_.end() || key_of(imports_[*found]) != key) return nullptr;
  return &imports_[*found];
}

std::string_view ModuleDescription::function_name(std::uint32_t function) const noexcept {
  const auto found = std::lower_bound(
      names_.begin(), names_.end(), function,
      [](const auto& entry, std::uint32_t wanted) { return entry.first < wanted; });
  if (found != names_.end() && found->first == function && is_utf8(found->second)) {
    return found->second;
  }
  for (const Export& item : exports_) {
    if (item.kind == WASM_EXTERN_FUNC && item.index == function) return item.name;
  }
  return {};
}

}  // namespace hb::beamr
