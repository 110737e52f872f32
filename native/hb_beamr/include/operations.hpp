// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Work on an instance that schedulers and workers do alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "instance.hpp"
#include "payload.hpp"
#include "protocol.hpp"
#include "value_codec.hpp"

namespace hb::beamr::driver {

/// Loads a module and answers LOAD. False, without an answer, if `only_known` and the process does
/// not know the module yet.
bool load_module(Instance& instance, std::string_view bytes, bool only_known,
                 Reply& reply) noexcept;

/// A step for Instance::run(): makes the instance and begins its start functions.
hb_beamr_capi_lib_rc_t start_instance(hb_beamr_capi_lib_context_t* context) noexcept;

/// Answers OFFER.
void offer_import(Instance& instance, Reader data, Reply& reply);

/// Answers TABLE_GROW.
void grow_table(Instance& instance, std::uint32_t table, std::uint64_t delta,
                const wasm_val_t& value, Reply& reply);

/// Answers READ.
void read_memory(Instance& instance, std::uint64_t offset, std::uint64_t size, Reply& reply);
/// Answers WRITE.
void write_memory(Instance& instance, std::uint64_t offset, std::string_view bytes, Reply& reply);
void write_memory(Instance& instance, std::uint64_t offset, const Payload& bytes, Reply& reply);

/// A step for Instance::run(): ANSWER, TRAP or THROW of the import that waits.
class AnswerStep {
 public:
  /// Reads the request; if it is not valid the answer is an error and the import still waits.
  /// @param data  Borrowed, until the step has run.
  /// @throws std::bad_alloc
  AnswerStep(Instance& instance, const WaitingImport& import, Operation operation,
             std::string_view data, Reply& reply);

  explicit operator bool() const noexcept { return is_valid_; }
  hb_beamr_capi_lib_rc_t operator()(hb_beamr_capi_lib_context_t* context) noexcept;

 private:
  bool read_results(std::string_view wanted, Reply& reply);
  bool read_exception(Reply& reply);
  bool read_values(std::string_view given, std::span<const wasm_valkind_t> wanted,
                   std::string_view what, Reply& reply);

  hb_beamr_capi_lib_context_t* context_;
  Operation operation_;
  std::string_view data_;
  bool is_valid_ = true;
  std::uint32_t tag_ = 0;
  std::uint32_t num_results_ = 0;
  wasm_val_t* results_ = nullptr;
  Values values_;
};

}  // namespace hb::beamr::driver
