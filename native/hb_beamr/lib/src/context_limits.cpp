// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What an instance may use at most.

#include "context.hpp"
#include "linear_memory.hpp"

namespace hb::beamr {
namespace {

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

std::uint64_t bytes_of(std::uint64_t pages) noexcept {
  return pages > UINT64_MAX / kPageSize ? UINT64_MAX : pages * kPageSize;
}

}  // namespace

hb_beamr_capi_lib_limits_t Context::no_limits() noexcept {
  return {.max_memory = UINT64_MAX,
          .max_table_elements = UINT64_MAX,
          .max_call_depth = UINT32_MAX,
          .max_results = UINT32_MAX};
}

Rc Context::set_limits(const hb_beamr_capi_lib_limits_t& limits) {
  const States allowed(State::kContextCreated, State::kModuleLoaded);
  if (const Rc rc = require(allowed, "setting limits"); rc != Rc::kSuccess) return rc;
  limits_ = limits;
  return Rc::kSuccess;
}

Rc Context::exceed(const char* name, std::uint64_t limit, std::uint64_t wanted) {
  excess_ = {.name = name, .limit = limit, .wanted = wanted};
  return fail(Rc::kLimitExceeded, "the limit " + std::string(name) + " is " +
                                      std::to_string(limit) + ", wanted is " +
                                      std::to_string(wanted));
}

Rc Context::check_limits() {
  const ModuleDescription& module = module_->description();
  for (const TableType& table : module.table_types()) {
    if (table.limits.minimum > limits_.max_table_elements) {
      return exceed("table_elements", limits_.max_table_elements, table.limits.minimum);
    }
  }
  if (!module.has_memory()) return Rc::kSuccess;
  const std::uint64_t bytes = bytes_of(module.memory_type(0).minimum);
  return check_memory_limits(bytes, bytes);
}

Rc Context::check_memory_limits(std::uint64_t bytes, std::uint64_t added) {
  if (bytes > limits_.max_memory) return exceed("memory", limits_.max_memory, bytes);
  const std::uint64_t total = saturating_add(linear_memory_total(), added);
  if (total > linear_memory_limit()) return exceed("total_memory", linear_memory_limit(), total);
  return Rc::kSuccess;
}

Rc Context::explain_no_growth(std::uint64_t delta, const Error& error) {
  const auto size = instance_->memory_size();
  const Limits* declared = size ? &module_->description().memory_type(0) : nullptr;
  // What the module itself rules out is no matter of limits.
  if (declared == nullptr ||
      (declared->has_maximum && saturating_add(size->pages, delta) > declared->maximum)) {
    return fail(error);
  }
  const std::uint64_t added = bytes_of(delta);
  const Rc rc = check_memory_limits(saturating_add(size->bytes, added), added);
  return rc == Rc::kSuccess ? fail(error) : rc;
}

}  // namespace hb::beamr
