// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "operations.hpp"

#include <limits>
#include <string>

namespace hb::beamr::driver {

namespace {

/// Whether the range lies in memory; if not the answer says so.
bool check_range(Instance& instance, std::uint64_t offset, std::uint64_t size, Reply& reply) {
  std::uint64_t bytes = 0;
  const auto rc = hb_beamr_capi_lib_memory_size(instance.context(), &bytes, nullptr);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
    reply.error(rc, instance.context());
    return false;
  }
  if (offset <= bytes && size <= bytes - offset) return true;
  reply.error(ErrorCode::kOutOfBounds, std::to_string(size) + " bytes at " +
                                           std::to_string(offset) + " pass the end of memory at " +
                                           std::to_string(bytes));
  return false;
}

}  // namespace

bool load_module(Instance& instance, std::string_view bytes, bool only_known,
                 Reply& reply) noexcept {
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    reply.error(ErrorCode::kBadModule, "larger than 4 GiB");
    return true;
  }
  const auto load =
      only_known ? hb_beamr_capi_lib_load_cached_module : hb_beamr_capi_lib_load_wasm_module;
  const auto rc = load(instance.context(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                       static_cast<std::uint32_t>(bytes.size()));
  if (only_known && rc == HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED) return false;
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
    reply.error(rc, instance.context());
    return true;
  }
  instance.set_module_size(bytes.size());
  const std::uint64_t id = hb_beamr_capi_lib_module_id(instance.context());
  const auto code = static_cast<std::uint8_t>(1 + hb_beamr_capi_lib_code_level(instance.context()));
  char* at = reply.begin(1 + sizeof id + sizeof code);
  if (at != nullptr) Writer(at).put(Tag::kOk).put(id).put(code);
  return true;
}

hb_beamr_capi_lib_rc_t start_instance(hb_beamr_capi_lib_context_t* context) noexcept {
  // The API wants the function as an object pointer.
  return hb_beamr_capi_lib_instantiate(
      context, reinterpret_cast<void*>(&hb_beamr_capi_lib_defer_import), nullptr, 0);
}

void grow_table(Instance& instance, std::uint32_t table, std::uint64_t delta,
                const wasm_val_t& value, Reply& reply) {
  std::uint64_t previous = 0;
  const auto rc = hb_beamr_capi_lib_table_grow(instance.context(), table, delta, &value, &previous);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return reply.error(rc, instance.context());
  if (char* at = reply.begin(1 + sizeof previous)) Writer(at).put(Tag::kOk).put(previous);
}

void read_memory(Instance& instance, std::uint64_t offset, std::uint64_t size, Reply& reply) {
  // Before the answer is allocated: its size comes from outside.
  if (!check_range(instance, offset, size, reply)) return;
  char* at = reply.begin(1 + size);
  if (at == nullptr) return;
  Writer(at).put(Tag::kOk);
  const auto rc = hb_beamr_capi_lib_read_memory(instance.context(), offset, at + 1, size);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) reply.error(rc, instance.context());
}

void write_memory(Instance& instance, std::uint64_t offset, std::string_view bytes, Reply& reply) {
  if (!check_range(instance, offset, bytes.size(), reply)) return;
  const auto rc =
      hb_beamr_capi_lib_write_memory(instance.context(), offset, bytes.data(), bytes.size());
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
    reply.error(rc, instance.context());
  } else {
    reply.tag(Tag::kOk);
  }
}

void write_memory(Instance& instance, std::uint64_t offset, const Payload& bytes, Reply& reply) {
  if (!check_range(instance, offset, bytes.size(), reply)) return;
  reply.tag(Tag::kOk);
  bytes.for_each_piece([&](std::string_view piece) {
    const auto rc =
        hb_beamr_capi_lib_write_memory(instance.context(), offset, piece.data(), piece.size());
    if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) reply.error(rc, instance.context());
    offset += piece.size();
  });
}

AnswerStep::AnswerStep(Instance& instance, const WaitingImport& import, Operation operation,
                       std::string_view data, Reply& reply)
    : context_(instance.context()), operation_(operation), data_(data) {
  if (operation == Operation::kAnswer) is_valid_ = read_results(import.results, reply);
  if (operation == Operation::kThrow) is_valid_ = read_exception(reply);
}

bool AnswerStep::read_results(std::string_view wanted, Reply& reply) {
  Kinds letters;
  wasm_valkind_t* kinds = letters.prepare(2 * wanted.size());
  std::size_t slots = 0;
  for (const char letter : wanted) {
    kinds[slots++] = kind_of_letter(letter);
    if (kinds[slots - 1] == WASM_V128) kinds[slots++] = WASM_V128;
  }
  if (data_.size() != slots * kValueSize) [[unlikely]] {
    const std::optional<std::size_t> given = count_values(data_);
    if (!given) {
      reply.error(ErrorCode::kBadarg, "an answer is a list of values");
      return false;
    }
    if (*given < wanted.size()) {
      reply.error(ErrorCode::kBadResult, "expected " + std::to_string(wanted.size()) +
                                             " results (" + std::string(wanted) + "), got " +
                                             std::to_string(*given));
      return false;
    }
  }
  return read_values(data_, {kinds, slots}, "result", reply);
}

bool AnswerStep::read_exception(Reply& reply) {
  Reader data(data_);
  if (!data.read(tag_)) {
    reply.error(ErrorCode::kBadarg, "an exception begins with its tag");
    return false;
  }
  std::uint32_t num_values = 0;
  const wasm_valkind_t* kinds = nullptr;
  const auto rc = hb_beamr_capi_lib_tag_type(context_, tag_, &num_values, &kinds);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) {
    reply.error(ErrorCode::kUnknownTag, std::to_string(tag_));
    return false;
  }
  const std::span<const wasm_valkind_t> wanted(kinds, num_values);
  const std::optional<std::size_t> given = count_values(data.rest());
  if (!given) {
    reply.error(ErrorCode::kBadarg, "an exception is its tag and a list of values");
    return false;
  }
  if (*given != count_values(wanted)) {
    reply.error(ErrorCode::kBadResult, "the exception has " + std::to_string(count_values(wanted)) +
                                           " values, got " + std::to_string(*given));
    return false;
  }
  return read_values(data.rest(), wanted, "value", reply);
}

bool AnswerStep::read_values(std::string_view given, std::span<const wasm_valkind_t> wanted,
                             std::string_view what, Reply& reply) {
  results_ = values_.prepare(wanted.size());
  num_results_ = static_cast<std::uint32_t>(wanted.size());
  Reader data(given);
  const ValueListFault fault = decode_values(data, wanted, results_);
  if (fault) {
    const bool is_malformed = fault.fault == ValueFault::kMalformed;
    reply.error(is_malformed ? ErrorCode::kBadarg : ErrorCode::kBadResult,
                describe_fault(what, fault, wanted));
    return false;
  }
  // Here and not when the guest goes on: then the import would not wait any more.
  if (hb_beamr_capi_lib_check_references(context_, num_results_, results_) ==
      HB_BEAMR_CAPI_LIB_SUCCESS) {
    return true;
  }
  reply.error(ErrorCode::kBadResult, hb_beamr_capi_lib_get_last_error(context_));
  return false;
}

hb_beamr_capi_lib_rc_t AnswerStep::operator()(hb_beamr_capi_lib_context_t* context) noexcept {
  if (operation_ == Operation::kAnswer) {
    return hb_beamr_capi_lib_resolve_import(context, num_results_, results_);
  }
  if (operation_ == Operation::kThrow) {
    return hb_beamr_capi_lib_throw_import(context, tag_, num_results_, results_);
  }
  return hb_beamr_capi_lib_trap_import(context, data_.data(), data_.size());
}

}  // namespace hb::beamr::driver
