// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Operations that say what a module's imports get, and how it is loaded.

#include <string>

#include "command.hpp"
#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// Larger offers are copied on a worker: images of memories.
constexpr std::size_t kOfferedInline = std::size_t{2} << 20;

/// What OFFER gives besides the names.
struct OfferedType {
  std::uint8_t is_given = 0;
  std::uint8_t kind = 0;
  std::uint8_t value_type = 0;  ///< a letter of signatures
  std::uint8_t is_mutable = 0;
  std::uint8_t is_64 = 0;
  std::uint8_t has_maximum = 0;
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;
  std::string signature{};
};

template <typename Length>
bool read_string(Reader& data, std::string_view& out) noexcept {
  Length length = 0;
  return data.read(length) && data.read(length, out);
}

bool read_type(Reader& data, OfferedType& type) {
  std::string_view signature;
  if (!data.read(type.is_given)) return false;
  if (type.is_given == 0) return true;
  if (!data.read(type.kind) || !data.read(type.value_type) || !data.read(type.is_mutable) ||
      !data.read(type.is_64) || !data.read(type.has_maximum) || !data.read(type.minimum) ||
      !data.read(type.maximum) || !read_string<std::uint16_t>(data, signature)) {
    return false;
  }
  type.signature = signature;
  return type.kind <= HB_BEAMR_CAPI_LIB_EXTERN_TAG;
}

hb_beamr_capi_lib_extern_t extern_of(const OfferedType& type) noexcept {
  hb_beamr_capi_lib_extern_t out{};
  out.kind = type.kind;
  out.signature = type.signature.c_str();
  out.value_type = kind_of_letter(static_cast<char>(type.value_type));
  out.is_mutable = type.is_mutable != 0;
  out.is_64 = type.is_64 != 0;
  out.has_maximum = type.has_maximum != 0;
  out.minimum = type.minimum;
  out.maximum = type.maximum;
  return out;
}

/// The type that a value is offered as: what is said of it, else what the module's import asks for.
/// False: it has no such global.
bool type_of_value(hb_beamr_capi_lib_context_t* context, const hb_beamr_capi_lib_offer_t& offer,
                   wasm_valkind_t& wanted) noexcept {
  if (offer.type != nullptr) {
    wanted = offer.type->value_type;
    return true;
  }
  return hb_beamr_capi_lib_imported_global_type(context, offer.module_name, offer.module_name_len,
                                                offer.name, offer.name_len,
                                                &wanted) == HB_BEAMR_CAPI_LIB_SUCCESS;
}

}  // namespace

bool can_offer(Port& port) noexcept {
  if (!port.is_still()) return false;
  const auto state = hb_beamr_capi_lib_get_state(port.instance().context());
  return state == HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED ||
         state == HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED;
}

void set_options(Request& request) {
  std::uint8_t options = 0;
  if (!request.data.read(options) || !request.data.is_at_end()) return refuse_malformed(request);
  if (!can_offer(request.port)) {
    return request.reply.error(ErrorCode::kInvalidState, "there is an instance already");
  }
  hb_beamr_capi_lib_context_t* context = request.port.instance().context();
  const auto has = [&](Option option) { return (options & static_cast<unsigned>(option)) != 0; };
  auto rc = hb_beamr_capi_lib_force_exception_lowering(context, has(Option::kForceLowering));
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
    rc = hb_beamr_capi_lib_refuse_unresolved_imports(context, has(Option::kRefuseUnresolved));
  }
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
    rc = hb_beamr_capi_lib_use_compiled(
        context, has(Option::kRequireCompiled)  ? HB_BEAMR_CAPI_LIB_COMPILED_REQUIRED
                 : has(Option::kPreferCompiled) ? HB_BEAMR_CAPI_LIB_COMPILED_PREFERRED
                                                : HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN);
  }
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) {
    rc = hb_beamr_capi_lib_share_compiled(context, has(Option::kShareCompiled));
  }
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return request.reply.error(rc, context);
  request.reply.tag(Tag::kOk);
}

void offer_import(Instance& instance, Reader data, Reply& reply) {
  std::string_view module;
  std::string_view name;
  OfferedType given;
  std::uint8_t has_value = 0;
  WireValue wire{};
  if (!read_string<std::uint32_t>(data, module) || !read_string<std::uint32_t>(data, name) ||
      !read_type(data, given) || !data.read(has_value) ||
      (has_value != 0 && !read_value(data, wire))) {
    return reply.error(ErrorCode::kBadarg, "malformed offer");
  }
  hb_beamr_capi_lib_context_t* context = instance.context();
  const hb_beamr_capi_lib_extern_t type = extern_of(given);
  OneValue value{};
  hb_beamr_capi_lib_offer_t offer{.module_name = module.data(),
                                  .module_name_len = module.size(),
                                  .name = name.data(),
                                  .name_len = name.size(),
                                  .type = given.is_given != 0 ? &type : nullptr,
                                  .value = nullptr,
                                  .image = data.rest().data(),
                                  .image_len = data.rest().size()};
  wasm_valkind_t wanted = WASM_I32;
  value[0].kind = wanted;
  if (has_value != 0) offer.value = value.data();
  if (has_value != 0 && type_of_value(context, offer, wanted)) {
    const ValueFault fault = decode_value(wire, wanted, value.data());
    if (fault == ValueFault::kMalformed) return reply.error(ErrorCode::kBadarg, "malformed offer");
    if (fault != ValueFault::kNone) {
      const std::string what =
          "the value of " + std::string(module) + "." + std::string(name) + ", value";
      return reply.error(ErrorCode::kLink, describe_fault(what, {fault, 0}, std::span(&wanted, 1)));
    }
  }
  const auto rc = hb_beamr_capi_lib_offer_import(context, &offer);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return reply.error(rc, context);
  reply.tag(Tag::kOk);
}

void offer(Request& request) {
  if (!can_offer(request.port)) {
    return request.reply.error(ErrorCode::kInvalidState, "there is an instance already");
  }
  if (request.data.rest().size() > kOfferedInline) {
    return request.reply.error(ErrorCode::kBadarg, "an offer of that size goes as a command");
  }
  charge_copy(request, request.data.rest().size());
  offer_import(request.port.instance(), request.data, request.reply);
}

}  // namespace hb::beamr::driver
