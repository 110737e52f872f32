// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Tables that a module exports, as the host sees them.
#include <string>

#include "context.hpp"
#include "text.hpp"

namespace hb::beamr {

Rc Context::find_table(std::string_view name, std::uint32_t* table) {
  if (!module_) return fail(Rc::kModuleNotLoaded, "finding a table needs a module");
  const auto found = module_->description().find_export(WASM_EXTERN_TABLE, name);
  if (!found) return fail(Rc::kFunctionLookupFailed, "no exported table " + quoted(name));
  *table = *found;
  return Rc::kSuccess;
}

Rc Context::table_type(std::uint32_t table, wasm_valkind_t* element_type) {
  if (!module_ || table >= module_->description().table_types().size()) {
    return fail(Rc::kFunctionLookupFailed, "no table " + std::to_string(table));
  }
  *element_type = module_->description().table_type(table).element_type;
  return Rc::kSuccess;
}

Rc Context::require_table(std::uint32_t table, const char* what) {
  if (const Rc rc = require_instance(what); rc != Rc::kSuccess) return rc;
  if (table >= module_->description().table_types().size()) {
    return fail(Rc::kFunctionLookupFailed, "no table " + std::to_string(table));
  }
  return Rc::kSuccess;
}

Rc Context::table_size(std::uint32_t table, std::uint64_t* elements) {
  if (const Rc rc = require_table(table, "looking at a table"); rc != Rc::kSuccess) return rc;
  *elements = instance_->table_size(table);
  return Rc::kSuccess;
}

Rc Context::get_element(std::uint32_t table, std::uint64_t element, wasm_val_t* out) {
  if (const Rc rc = require_table(table, "reading a table"); rc != Rc::kSuccess) return rc;
  if (const Rc rc = require_element(table, element); rc != Rc::kSuccess) return rc;
  *out =
      instance_->get_element(table, element, module_->description().table_type(table).element_type);
  return Rc::kSuccess;
}

Rc Context::set_element(std::uint32_t table, std::uint64_t element, const wasm_val_t& value) {
  if (const Rc rc = require_table(table, "writing a table"); rc != Rc::kSuccess) return rc;
  if (const Rc rc = require_element(table, element); rc != Rc::kSuccess) return rc;
  if (const Rc rc = check_element_value(table, value); rc != Rc::kSuccess) return rc;
  instance_->set_element(table, element, value);
  return Rc::kSuccess;
}

Rc Context::grow_table(std::uint32_t table, std::uint64_t delta, const wasm_val_t& value,
                       std::uint64_t* previous) {
  if (const Rc rc = require_table(table, "growing a table"); rc != Rc::kSuccess) return rc;
  if (const Rc rc = check_element_value(table, value); rc != Rc::kSuccess) return rc;
  const std::uint64_t before = instance_->table_size(table);
  if (!instance_->grow_table(table, delta, value)) {
    return fail(Rc::kMemoryUnavailable, "a table of " + std::to_string(before) +
                                            " elements cannot grow by " + std::to_string(delta) +
                                            ": its maximum or a limit would be passed");
  }
  if (previous != nullptr) *previous = before;
  return Rc::kSuccess;
}

Rc Context::require_element(std::uint32_t table, std::uint64_t element) {
  const std::uint64_t size = instance_->table_size(table);
  if (element < size) return Rc::kSuccess;
  return fail(Rc::kMemoryOutOfBounds, "element " + std::to_string(element) +
                                          " passes the end of the table at " +
                                          std::to_string(size));
}

Rc Context::check_element_value(std::uint32_t table, const wasm_val_t& value) {
  const wasm_valkind_t wanted = module_->description().table_type(table).element_type;
  if (value.kind != wanted) {
    return fail(Rc::kInvalidArgs, std::string("the elements are of type ") + value_name(wanted) +
                                      ", the value is of type " + value_name(value.kind));
  }
  return check_references({&value, 1});
}

}  // namespace hb::beamr
