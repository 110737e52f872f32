// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "reply.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace hb::beamr::driver {

namespace {

ErlDrvTermData atom_hb_beamr;

/// Of an error: names in it come from outside.
constexpr std::size_t kLongestText = std::size_t{1} << 20;

/// The longest prefix of at most `size` bytes that does not end inside a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t size) noexcept {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

char* Reply::begin_large(std::size_t size) noexcept {
  binary_.reset(driver_alloc_binary(size));
  if (binary_ == nullptr) {
    error(ErrorCode::kSystemLimit, "no memory for the answer");
    return nullptr;
  }
  size_ = size;
  return binary_->orig_bytes;
}

void Reply::error(ErrorCode code, std::string_view text) noexcept {
  char* at = nullptr;
  text = cut(text, kLongestText);
  if (2 + text.size() > kSmallSize) {
    binary_.reset(driver_alloc_binary(2 + text.size()));
    size_ = 2 + text.size();
    if (binary_ != nullptr) at = binary_->orig_bytes;
  }
  if (at == nullptr) {
    text = cut(text, kSmallSize - 2);
    at = begin_small(2 + text.size());
  }
  Writer(at).put(Tag::kError).put(code).put(text);
}

void Reply::limit(std::string_view name, std::uint64_t limit, std::uint64_t wanted) noexcept {
  char text[kSmallSize];
  const int size = std::snprintf(text, sizeof text, "%.*s %" PRIu64 " %" PRIu64,
                                 static_cast<int>(name.size()), name.data(), limit, wanted);
  error(ErrorCode::kLimit, {text, std::min(static_cast<std::size_t>(size), sizeof text - 1)});
}

void Reply::error(hb_beamr_capi_lib_rc_t rc, hb_beamr_capi_lib_context_t* context) noexcept {
  if (rc == HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED) {
    hb_beamr_capi_lib_excess_t excess{};
    hb_beamr_capi_lib_get_excess(context, &excess);
    return limit(excess.name, excess.limit, excess.wanted);
  }
  error(error_code_of(rc), hb_beamr_capi_lib_get_last_error(context));
}

void Reply::send(ErlDrvTermData port, Pid to) noexcept {
  const auto receiver = static_cast<ErlDrvTermData>(to);
  // A port that closes or a process that died: the message is for nobody.
  if (binary_ != nullptr) {
    ErlDrvTermData terms[] = {ERL_DRV_ATOM,   atom_hb_beamr,
                              ERL_DRV_PORT,   port,
                              ERL_DRV_BINARY, reinterpret_cast<ErlDrvTermData>(binary_.get()),
                              size_,          0,
                              ERL_DRV_TUPLE,  3};
    erl_drv_send_term(port, receiver, terms, static_cast<int>(std::size(terms)));
  } else {
    ErlDrvTermData terms[] = {
        ERL_DRV_ATOM, atom_hb_beamr,      ERL_DRV_PORT,
        port,         ERL_DRV_BUF2BINARY, reinterpret_cast<ErlDrvTermData>(small_),
        size_,        ERL_DRV_TUPLE,      3};
    erl_drv_send_term(port, receiver, terms, static_cast<int>(std::size(terms)));
  }
}

ErrorCode error_code_of(hb_beamr_capi_lib_rc_t rc) noexcept {
  switch (rc) {
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED:
      return ErrorCode::kTrap;
    case HB_BEAMR_CAPI_LIB_ERROR_CANCELLED:
      return ErrorCode::kCancelled;
    case HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS:
    case HB_BEAMR_CAPI_LIB_ERROR_SIGNATURE_PARSE_FAILED:
      return ErrorCode::kInvalidArgs;
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED:
      return ErrorCode::kUnknownFunction;
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED:
      return ErrorCode::kBadModule;
    case HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED:
      return ErrorCode::kLink;
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_INSTANTIATE_FAILED:
      return ErrorCode::kInstantiate;
    case HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS:
      return ErrorCode::kOutOfBounds;
    case HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE:
      return ErrorCode::kNoMemory;
    case HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE:
    case HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED:
    case HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED:
      return ErrorCode::kInvalidState;
    case HB_BEAMR_CAPI_LIB_ERROR_ALLOCATION_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_RUNTIME_INIT_FAILED:
      return ErrorCode::kSystemLimit;
    case HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED:
      return ErrorCode::kLimit;
    case HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED:
      return ErrorCode::kNotCompiled;
    case HB_BEAMR_CAPI_LIB_SUCCESS:
    case HB_BEAMR_CAPI_LIB_AWAITING_IMPORT:
    case HB_BEAMR_CAPI_LIB_YIELDED:
    case HB_BEAMR_CAPI_LIB_ERROR_INTERNAL:
      break;
  }
  return ErrorCode::kInternal;
}

void make_atoms() noexcept {
  char name[] = "hb_beamr";
  atom_hb_beamr = driver_mk_atom(name);
}

}  // namespace hb::beamr::driver
