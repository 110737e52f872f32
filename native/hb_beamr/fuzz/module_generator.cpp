// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module_generator.hpp"

#include <string>

#include "code_generator.hpp"
#include "module_plan.hpp"
#include "section.hpp"

namespace hb::beamr::fuzz {
namespace {

constexpr Type kAllTypes[] = {kI32, kI64, kF32, kF64, kFuncref, kExternref};

std::vector<Type> some_types(Input& input) {
  std::vector<Type> types(input.one_in(16) ? input.below(60) : input.below(4));
  // References cannot be passed by the host; they are rare, so that most functions can be called.
  for (Type& type : types) type = kAllTypes[input.below(input.one_in(8) ? 6 : 4)];
  return types;
}

Limits some_limits(Input& input, std::uint64_t max_minimum) {
  Limits limits;
  limits.is_64 = input.one_in(4);
  limits.minimum = input.below(max_minimum + 1);
  if (input.one_in(2)) limits.maximum = limits.minimum + input.below(4);
  return limits;
}

ModulePlan plan_module(Input& input) {
  ModulePlan plan;
  plan.types.emplace_back();
  for (std::size_t left = input.below(5); left > 0; --left) {
    plan.types.push_back({some_types(input), some_types(input)});
  }
  plan.imported = static_cast<std::uint32_t>(input.below(4));
  for (std::size_t left = plan.imported + 1 + input.below(5); left > 0; --left) {
    plan.functions.push_back(static_cast<std::uint32_t>(input.below(plan.types.size())));
  }
  for (std::size_t left = input.below(4); left > 0; --left) {
    plan.tables.push_back({input.one_in(3) ? kExternref : kFuncref, some_limits(input, 12)});
  }
  if (!input.one_in(4)) plan.memory = some_limits(input, 2);
  for (std::size_t left = input.below(5); left > 0; --left) {
    plan.globals.push_back({kAllTypes[input.below(6)], input.one_in(2)});
  }
  plan.data_segments = static_cast<std::uint32_t>(input.below(4));
  plan.element_segments.resize(input.below(4));
  for (Type& type : plan.element_segments) type = input.one_in(4) ? kExternref : kFuncref;
  plan.has_exceptions = input.one_in(2);
  for (std::uint32_t type = 0; plan.has_exceptions && type < plan.types.size(); ++type) {
    if (!plan.types[type].results.empty()) continue;
    for (std::size_t left = input.below(3); left > 0; --left) plan.tags.push_back(type);
  }
  return plan;
}

Bytes encode(const Limits& limits) {
  Bytes out;
  out.op({(limits.maximum ? 1 : 0) | (limits.is_64 ? 4 : 0)}).leb(limits.minimum);
  if (limits.maximum) out.leb(*limits.maximum);
  return out;
}

/// Where an active segment goes: most often where it fits.
Bytes offset(Type address, Input& input) {
  Bytes out;
  const std::int64_t where = input.one_in(8) ? input.take<std::int32_t>() : input.byte() % 12;
  out.op({address == kI32 ? 0x41 : 0x42}).signed_leb(where);
  if (input.one_in(4)) {  // an extended constant expression
    out.op({address == kI32 ? 0x41 : 0x42}).signed_leb(input.byte() % 3);
    out.op({(address == kI32 ? 0x6A : 0x7C) + static_cast<int>(input.below(3))});
  }
  return out.op({0x0B});
}

/// In all forms of the format that fit the type: active or not, functions or expressions.
void put_element_segment(const ModulePlan& plan, Type type, Input& input, Bytes& out) {
  std::size_t table = input.below(plan.tables.size());
  const bool has_table = !plan.tables.empty() && plan.tables[table].element == type;
  const bool is_active = has_table && input.one_in(2);
  const bool is_declared = !is_active && input.one_in(4);
  const bool has_expressions = type == kExternref || input.one_in(2);
  const std::size_t count = input.below(6);

  out.leb((is_active ? 2U : is_declared ? 3U : 1U) | (has_expressions ? 4U : 0U));
  if (is_active) out.leb(table).raw(offset(plan.tables[table].limits.address(), input));
  out.op({has_expressions ? static_cast<int>(type) : 0}).leb(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (has_expressions) {
      out.raw(constant(plan, type, input));
    } else {
      out.leb(input.below(plan.functions.size()));
    }
  }
}

void put_data_segment(const ModulePlan& plan, Input& input, Bytes& out) {
  const bool is_active = plan.memory && input.one_in(2);
  out.leb(is_active ? 0 : 1);
  if (is_active) out.raw(offset(plan.memory->address(), input));
  out.sized(input.take_bytes(input.below(24)));
}

struct Exports {
  Items items;

  void add(std::uint8_t kind, std::size_t index) {
    const std::string name = std::to_string(items.count);
    items.add().sized(name).op({kind}).leb(index);
  }
};

Items encode_types(const ModulePlan& plan) {
  Items types;
  for (const FunctionType& type : plan.types) {
    types.add().op({0x60}).sized(type.params).sized(type.results);
  }
  return types;
}

}  // namespace

std::vector<std::uint8_t> generate_module(Input& input, GeneratorOptions options) {
  ModulePlan plan = plan_module(input);
  plan.tells_nans_apart = options.tells_nans_apart;
  Items imports, functions, tables, memories, tags, globals, elements, code, data;
  Exports exports;

  for (std::size_t i = 0; i < plan.functions.size(); ++i) {
    if (i < plan.imported) {
      const std::string name = std::to_string(i);
      imports.add().sized(std::string("env")).sized(name).op({0}).leb(plan.functions[i]);
    } else {
      functions.add().leb(plan.functions[i]);
    }
    exports.add(0, i);
  }
  for (std::size_t i = 0; i < plan.tables.size(); ++i) {
    tables.add().op({plan.tables[i].element}).raw(encode(plan.tables[i].limits));
    exports.add(1, i);
  }
  if (plan.memory) {
    memories.add().raw(encode(*plan.memory));
    exports.add(2, 0);
  }
  for (std::size_t i = 0; i < plan.tags.size(); ++i) {
    tags.add().op({0}).leb(plan.tags[i]);
    exports.add(4, i);
  }
  for (std::size_t i = 0; i < plan.globals.size(); ++i) {
    const Global& global = plan.globals[i];
    globals.add().op({global.type, global.is_mutable}).raw(constant(plan, global.type, input));
    exports.add(3, i);
  }
  for (const Type type : plan.element_segments) {
    put_element_segment(plan, type, input, elements.add());
  }
  for (std::uint32_t i = 0; i < plan.data_segments; ++i) {
    put_data_segment(plan, input, data.add());
  }
  for (std::size_t i = plan.imported; i < plan.functions.size(); ++i) {
    code.add().sized(generate_code(plan, plan.type_of(i), input));
  }

  Bytes module;
  module.op({0, 'a', 's', 'm', 1, 0, 0, 0});
  encode_types(plan).put_section(kTypeSection, module);
  imports.put_section(kImportSection, module);
  functions.put_section(kFunctionSection, module);
  tables.put_section(kTableSection, module);
  memories.put_section(kMemorySection, module);
  tags.put_section(kTagSection, module);
  globals.put_section(kGlobalSection, module);
  exports.items.put_section(kExportSection, module);
  const FunctionType& last = plan.type_of(plan.functions.size() - 1);
  if (last.params.empty() && last.results.empty() && input.one_in(2)) {
    module.op({kStartSection}).sized(Bytes().leb(plan.functions.size() - 1));
  }
  elements.put_section(kElementSection, module);
  if (plan.data_segments > 0) module.op({kDataCountSection}).sized(Bytes().leb(plan.data_segments));
  code.put_section(kCodeSection, module);
  data.put_section(kDataSection, module);
  return module;
}

}  // namespace hb::beamr::fuzz
