// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations on memory and globals.

#include "command.hpp"
#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// Larger copies are made on a worker; of reads, the binary's pages are new, which takes longer than the
/// copy.
constexpr std::uint64_t kCopiedInline = std::uint64_t{1} << 20;

void write_inline(Request& request, std::uint64_t offset) {
  const std::string_view bytes = request.data.rest();
  if (bytes.size() > kCopiedInline) {
    return request.reply.error(ErrorCode::kBadarg, "bytes of that size go as a command");
  }
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  write_memory(request.port.instance(), offset, bytes, request.reply);
  charge_copy(request, bytes.size());
}

/// The global's value; false, and the answer says why, if there is none.
bool find_global(Request& request, std::string_view name, OneValue& value) {
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto rc = hb_beamr_capi_lib_get_global(context, name.data(), name.size(), value.data());
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) return true;
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
    request.reply.error(ErrorCode::kUnknownGlobal, name);
  } else {
    request.reply.error(rc, context);
  }
  return false;
}

}  // namespace

void read(Request& request) {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  if (!request.data.read(offset) || !request.data.read(size) || !request.data.is_at_end()) {
    return refuse_malformed(request);
  }
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  if (size > kCopiedInline) {
    request.port.post(ReadJob{offset, size}, request.caller);
    return answer_pending(request);
  }
  read_memory(request.port.instance(), offset, size, request.reply);
  charge_copy(request, size);
}

void write(Request& request) {
  std::uint64_t offset = 0;
  if (!request.data.read(offset)) return refuse_malformed(request);
  write_inline(request, offset);
}

void write_at(Request& request, std::uint64_t offset) { write_inline(request, offset); }

void size(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  std::uint64_t bytes = 0;
  std::uint64_t pages = 0;
  const auto rc = hb_beamr_capi_lib_memory_size(context, &bytes, &pages);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS && rc != HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE) {
    return request.reply.error(rc, context);
  }
  char* at = request.reply.begin(1 + sizeof bytes + sizeof pages);
  if (at != nullptr) Writer(at).put(Tag::kOk).put(bytes).put(pages);
}

void grow(Request& request) {
  const ShortTurn turn(request);
  if (!turn) return;
  std::uint64_t delta = 0;
  if (!request.data.read(delta) || !request.data.is_at_end()) return refuse_malformed(request);
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  std::uint64_t previous = 0;
  const auto rc = hb_beamr_capi_lib_grow_memory(context, delta, &previous);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  char* at = request.reply.begin(1 + sizeof previous);
  if (at != nullptr) Writer(at).put(Tag::kOk).put(previous);
}

void global_get(Request& request) {
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  OneValue value{};
  if (!find_global(request, request.data.rest(), value)) return;
  const std::span slots(value.data(), value[0].kind == WASM_V128 ? 2 : 1);
  char* at = request.reply.begin(1 + encoded_size(slots));
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kOk);
  encode_values(writer, slots);
}

void global_set(Request& request) {
  const ShortTurn turn(request);
  if (!turn) return;
  WireValue wire{};
  if (!read_value(request.data, wire)) return refuse_malformed(request);
  const std::string_view name = request.data.rest();
  OneValue value{};
  if (!find_global(request, name, value)) return;

  const wasm_valkind_t wanted = value[0].kind;
  const ValueFault fault = decode_value(wire, wanted, value.data());
  if (fault == ValueFault::kMalformed) return refuse_malformed(request);
  if (fault != ValueFault::kNone) {
    return request.reply.error(ErrorCode::kInvalidArgs,
                               describe_fault("value", {fault, 0}, std::span(&wanted, 1)));
  }
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto rc = hb_beamr_capi_lib_set_global(context, name.data(), name.size(), value.data());
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  request.reply.tag(Tag::kOk);
}

}  // namespace hb::beamr::driver
