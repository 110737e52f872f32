// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations on exported tables.

#include "command.hpp"
#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// Elements that a table grows by at once; more on a worker: they are 8 bytes each, most of them new pages.
constexpr std::uint64_t kGrownInline = 16U << 10;

/// The table of that name and the type of its elements; false, and answered, if there is none.
bool find_table(Request& request, std::string_view name, std::uint32_t& table,
                wasm_valkind_t* element_type = nullptr) {
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto rc = hb_beamr_capi_lib_find_table(context, name.data(), name.size(), &table);
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
    if (element_type != nullptr) hb_beamr_capi_lib_table_type(context, table, element_type);
    return true;
  }
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
    request.reply.error(ErrorCode::kUnknownTable, name);
  } else {
    request.reply.error(rc, context);
  }
  return false;
}

/// The rest of a request: a value for an element, and the table's name.
bool read_element(Request& request, std::uint32_t& table, wasm_val_t& value) {
  WireValue wire{};
  if (!read_value(request.data, wire)) {
    refuse_malformed(request);
    return false;
  }
  wasm_valkind_t wanted = WASM_EXTERNREF;
  if (!find_table(request, request.data.rest(), table, &wanted)) return false;
  const ValueFault fault = decode_value(wire, wanted, &value);
  if (fault == ValueFault::kNone) return true;
  request.reply.error(ErrorCode::kInvalidArgs,
                      describe_fault("value", {fault, 0}, std::span(&wanted, 1)));
  return false;
}

}  // namespace

void table_get(Request& request) {
  std::uint64_t element = 0;
  if (!request.data.read(element)) return refuse_malformed(request);
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  std::uint32_t table = 0;
  if (!find_table(request, request.data.rest(), table)) return;
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  OneValue value{};
  const auto rc = hb_beamr_capi_lib_table_get(context, table, element, value.data());
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  char* at = request.reply.begin(1 + kValueSize);
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kOk);
  encode_value(writer, value.data());
}

void table_set(Request& request) {
  const ShortTurn turn(request);
  if (!turn) return;
  std::uint64_t element = 0;
  if (!request.data.read(element)) return refuse_malformed(request);
  std::uint32_t table = 0;
  wasm_val_t value{};
  if (!read_element(request, table, value)) return;
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto rc = hb_beamr_capi_lib_table_set(context, table, element, &value);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  request.reply.tag(Tag::kOk);
}

void table_size(Request& request) {
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  std::uint32_t table = 0;
  if (!find_table(request, request.data.rest(), table)) return;
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  std::uint64_t elements = 0;
  const auto rc = hb_beamr_capi_lib_table_size(context, table, &elements);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  char* at = request.reply.begin(1 + sizeof elements);
  if (at != nullptr) Writer(at).put(Tag::kOk).put(elements);
}

void table_grow(Request& request) {
  const ShortTurn turn(request);
  if (!turn) return;
  std::uint64_t delta = 0;
  if (!request.data.read(delta)) return refuse_malformed(request);
  std::uint32_t table = 0;
  wasm_val_t value{};
  if (!read_element(request, table, value)) return;
  if (delta > kGrownInline) {
    request.port.post(TableGrowJob{table, delta, value}, request.caller);
    return answer_pending(request);
  }
  grow_table(request.port.instance(), table, delta, value, request.reply);
}

}  // namespace hb::beamr::driver
