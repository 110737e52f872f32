// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "instance.hpp"

#include <algorithm>
#include <utility>

#include "trap_report.hpp"
#include "value_codec.hpp"

namespace hb::beamr::driver {

namespace {

/// Above this much memory or module, freeing may take longer than a call may: 100 us for 4 MiB that are
/// all touched, and for a module of 4 MiB if this is its last instance and it is not kept.
constexpr std::uint64_t kLargeMemory = std::uint64_t{4} << 20;
constexpr std::size_t kLargeModule = std::size_t{4} << 20;

constexpr std::string_view kCancelText = "terminated";

std::span<const wasm_val_t> values_of(const hb_beamr_capi_lib_event_t& event) noexcept {
  return {event.values, event.num_values};
}

void encode_completed(const hb_beamr_capi_lib_event_t& event, Reply& reply) noexcept {
  char* at = reply.begin(1 + encoded_size(values_of(event)));
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kCompleted);
  encode_values(writer, values_of(event));
}

bool encode_import(const hb_beamr_capi_lib_event_t& event, std::uint64_t id,
                   Reply& reply) noexcept {
  char* at =
      reply.begin(1 + sizeof event.import_position + sizeof id + encoded_size(values_of(event)));
  if (at == nullptr) return false;
  Writer writer(at);
  writer.put(Tag::kImport).put(event.import_position).put(id);
  encode_values(writer, values_of(event));
  return true;
}

}  // namespace

void ContextDeleter::operator()(hb_beamr_capi_lib_context_t* context) const noexcept {
  node().ticker.forget();
  hb_beamr_capi_lib_destroy_context(context);
}

Instance::Instance(ContextPtr context) noexcept : context_(std::move(context)) {}

Instance::~Instance() = default;

bool Instance::admit() noexcept {
  if (!admission_) admission_ = Quota::Share(node().instances);
  return static_cast<bool>(admission_);
}

void Instance::conclude(hb_beamr_capi_lib_rc_t rc, Slot& slot, Reply& reply) noexcept {
  switch (rc) {
    case HB_BEAMR_CAPI_LIB_SUCCESS:
      encode_completed(*hb_beamr_capi_lib_get_event(context()), reply);
      return;
    case HB_BEAMR_CAPI_LIB_AWAITING_IMPORT: {
      count(Counter::kImports, slot);
      const hb_beamr_capi_lib_event_t& event = *hb_beamr_capi_lib_get_event(context());
      const std::string_view signature(event.signature);
      // reserved: prepare_call()
      waiting_.push_back({signature.substr(signature.find(')') + 1), ++last_import_});
      // Without memory for the question nobody could answer it.
      if (!encode_import(event, last_import_, reply)) unwind();
      return;
    }
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_CANCELLED:
      count(Counter::kTraps, slot);
      report_trap(rc, context(), reply);
      return;
    default:
      reply.error(rc, context());
  }
}

void Instance::unwind() noexcept {
  hb_beamr_capi_lib_request_cancel(context());
  for (;;) {
    switch (hb_beamr_capi_lib_get_state(context())) {
      case HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT:
        hb_beamr_capi_lib_trap_import(context(), kCancelText.data(), kCancelText.size());
        break;
      case HB_BEAMR_CAPI_LIB_STATE_YIELDED:
        hb_beamr_capi_lib_resume(context());
        break;
      default:
        waiting_.clear();
        return;
    }
  }
}

bool Instance::take_delivery(Reply& reply) noexcept {
  if (waiting().delivery != Delivery::kDelivered) return true;
  waiting().delivery = Delivery::kTaken;
  if (char* at = reply.begin(1 + sizeof waiting().id)) {
    Writer(at).put(Tag::kDelivered).put(waiting().id);
  }
  return false;
}

bool Instance::has_open_import() const noexcept {
  return std::any_of(waiting_.begin(), waiting_.end(), [](const WaitingImport& import) {
    return import.delivery == Delivery::kOpen;
  });
}

WaitingImport* Instance::find_waiting(std::uint64_t id) noexcept {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [id](const WaitingImport& import) { return import.id == id; });
  return found == waiting_.end() ? nullptr : &*found;
}

std::uint64_t Instance::memory_size() const noexcept {
  std::uint64_t bytes = 0;
  hb_beamr_capi_lib_memory_size(context(), &bytes, nullptr);
  return bytes;
}

bool Instance::is_large() const noexcept {
  return memory_size() > kLargeMemory || module_size_ > kLargeModule;
}

}  // namespace hb::beamr::driver
