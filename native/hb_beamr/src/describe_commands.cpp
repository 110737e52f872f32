// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations that tell about modules and traps.

#include <limits>
#include <string>

#include "command.hpp"
#include "trap_report.hpp"

namespace hb::beamr::driver {

static_assert(WASM_EXTERN_FUNC == 0 && WASM_EXTERN_GLOBAL == 1 && WASM_EXTERN_TABLE == 2 &&
                  WASM_EXTERN_MEMORY == 3 && HB_BEAMR_CAPI_LIB_EXTERN_TAG == 4,
              "DESCRIBE's kinds are the engine's");

namespace {

/// Grows as it is written; for answers whose size is known late.
class Text {
 public:
  template <typename Integer>
  Text& put(Integer value) {
    char bytes[sizeof value];
    Writer(bytes).put(value);
    text_.append(bytes, sizeof bytes);
    return *this;
  }

  /// A string with its length before it, cut to what the length can say.
  template <typename Length>
  Text& put_string(std::string_view string) {
    string = string.substr(0, std::numeric_limits<Length>::max());
    put(static_cast<Length>(string.size()));
    text_.append(string);
    return *this;
  }

  void answer(Reply& reply) const noexcept {
    if (char* at = reply.begin(text_.size())) Writer(at).put(std::string_view(text_));
  }
  std::size_t size() const noexcept { return text_.size(); }

 private:
  std::string text_;
};

void put_import(Text& text, const hb_beamr_capi_lib_extern_t& import) {
  text.put(static_cast<std::uint8_t>(import.kind))
      .put_string<std::uint32_t>({import.module_name, import.module_name_len})
      .put_string<std::uint32_t>({import.name, import.name_len})
      .put_string<std::uint32_t>(import.signature);
}

void put_export(Text& text, const hb_beamr_capi_lib_extern_t& exported) {
  text.put(static_cast<std::uint8_t>(exported.kind))
      .put_string<std::uint32_t>({exported.name, exported.name_len})
      .put_string<std::uint32_t>(exported.signature);
}

/// The instance stands still.
void answer_function(Request& request) {
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const std::string_view name = request.data.rest();
  std::uint32_t function = 0;
  auto rc = hb_beamr_capi_lib_find_function(context, name.data(), name.size(), &function);
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
    return request.reply.error(ErrorCode::kUnknownFunction, name);
  }
  std::uint32_t num_params = 0;
  std::uint32_t num_results = 0;
  const wasm_valkind_t* params = nullptr;
  const wasm_valkind_t* results = nullptr;
  const char* signature = nullptr;
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
    rc = hb_beamr_capi_lib_function_type(context, function, &num_params, &params, &num_results,
                                         &results, &signature);
  }
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  const std::string_view types(signature);
  char* at = request.reply.begin(1 + sizeof function + types.size());
  if (at != nullptr) Writer(at).put(Tag::kOk).put(function).put(types);
}

}  // namespace

void describe(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  if (hb_beamr_capi_lib_module_id(context) == 0) {
    return request.reply.error(ErrorCode::kInvalidState, "no module is loaded");
  }

  Text text;
  hb_beamr_capi_lib_extern_t item{};
  const std::uint32_t num_imports = hb_beamr_capi_lib_import_count(context);
  text.put(Tag::kOk).put(num_imports);
  for (std::uint32_t i = 0; i < num_imports; ++i) {
    hb_beamr_capi_lib_get_import(context, i, &item);
    put_import(text, item);
  }
  const std::uint32_t num_exports = hb_beamr_capi_lib_export_count(context);
  text.put(num_exports);
  for (std::uint32_t i = 0; i < num_exports; ++i) {
    hb_beamr_capi_lib_get_export(context, i, &item);
    put_export(text, item);
  }
  text.answer(request.reply);
  charge_copy(request, 16 * text.size());  // small pieces: far slower than a copy
}

void describe_function(Request& request) {
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  answer_function(request);
}

void try_describe_function(Request& request) {
  if (!request.port.is_still()) {
    return request.reply.error(ErrorCode::kInvalidState, "the guest is running");
  }
  answer_function(request);
}

void describe_tag(Request& request) {
  std::uint8_t is_imported = 0;
  std::uint32_t module_size = 0;
  std::string_view module;
  if (!request.data.read(is_imported) || !request.data.read(module_size) ||
      !request.data.read(module_size, module)) {
    return refuse_malformed(request);
  }
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const std::string_view name = request.data.rest();
  std::uint32_t tag = 0;
  const auto rc = hb_beamr_capi_lib_find_tag(context, is_imported != 0 ? module.data() : nullptr,
                                             module.size(), name.data(), name.size(), &tag);
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED) {
    return request.reply.error(ErrorCode::kUnknownTag, name);
  }
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  if (char* at = request.reply.begin(1 + sizeof tag)) Writer(at).put(Tag::kOk).put(tag);
}

void describe_target(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  hb_beamr_capi_lib_target_t target;
  hb_beamr_capi_lib_get_target(&target);
  const std::string_view key(reinterpret_cast<const char*>(target.key), sizeof target.key);
  const std::string_view processor(target.processor);
  char* at = request.reply.begin(1 + key.size() + processor.size());
  if (at != nullptr) Writer(at).put(Tag::kOk).put(key).put(processor);
}

void describe_trap(Request& request) {
  if (!request.data.is_at_end()) return refuse_malformed(request);
  if (!request.port.stand_still(request.caller)) return answer_queued(request);
  report_last_trap(request.port.instance().context(), request.reply);
}

}  // namespace hb::beamr::driver
