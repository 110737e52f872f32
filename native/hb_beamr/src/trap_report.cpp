// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "trap_report.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "value_codec.hpp"

namespace hb::beamr::driver {

namespace {

constexpr std::uint32_t kMostFrames = std::numeric_limits<std::uint8_t>::max();
constexpr std::size_t kLongestText = std::numeric_limits<std::uint16_t>::max();

/// A trap in the protocol's layout.
class TrapLayout {
 public:
  explicit TrapLayout(const hb_beamr_capi_lib_trap_t& trap) noexcept
      : trap_(trap),
        kind_(hb_beamr_capi_lib_trap_kind_name(trap.kind)),
        message_(cut(trap.message == nullptr ? "" : trap.message)),
        num_frames_(std::min(trap.num_frames, kMostFrames)) {}

  std::size_t size() const noexcept {
    std::size_t size = 1 + kind_.size() + sizeof(std::uint16_t) + message_.size() + 1 + 1;
    for (std::uint32_t i = 0; i < num_frames_; ++i) {
      size += 2 * sizeof(std::uint32_t) + sizeof(std::uint16_t) + name_of(i).size();
    }
    return size + 1 + (is_exception() ? exception_size() : 0);
  }

  void write(Writer& writer) const noexcept {
    writer.put(static_cast<std::uint8_t>(kind_.size())).put(kind_);
    writer.put(static_cast<std::uint16_t>(message_.size())).put(message_);
    const bool is_truncated = trap_.is_truncated || num_frames_ < trap_.num_frames;
    writer.put(static_cast<std::uint8_t>(is_truncated));
    writer.put(static_cast<std::uint8_t>(num_frames_));
    for (std::uint32_t i = 0; i < num_frames_; ++i) {
      const std::string_view name = name_of(i);
      writer.put(trap_.frames[i].function_index).put(trap_.frames[i].offset);
      writer.put(static_cast<std::uint16_t>(name.size())).put(name);
    }
    writer.put(static_cast<std::uint8_t>(is_exception()));
    if (is_exception()) write_exception(writer);
  }

 private:
  bool is_exception() const noexcept { return trap_.kind == HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION; }
  std::size_t exception_size() const noexcept {
    return sizeof(std::uint32_t) + 1 + 2 * sizeof(std::uint16_t) + tag_module().size() +
           tag_name().size() + sizeof(std::uint16_t) + encoded_size(payload());
  }
  void write_exception(Writer& writer) const noexcept {
    writer.put(trap_.tag).put(static_cast<std::uint8_t>(trap_.tag_name == nullptr     ? 0
                                                        : trap_.tag_module == nullptr ? 1
                                                                                      : 2));
    for (const std::string_view text : {tag_module(), tag_name()}) {
      writer.put(static_cast<std::uint16_t>(text.size())).put(text);
    }
    writer.put(static_cast<std::uint16_t>(count_values(payload())));  // at most 1,000
    encode_values(writer, payload());
  }
  std::span<const wasm_val_t> payload() const noexcept {
    return {trap_.payload, trap_.num_payload};
  }
  std::string_view tag_module() const noexcept {
    return trap_.tag_module == nullptr ? std::string_view()
                                       : cut({trap_.tag_module, trap_.tag_module_len});
  }
  std::string_view tag_name() const noexcept {
    return trap_.tag_name == nullptr ? std::string_view()
                                     : cut({trap_.tag_name, trap_.tag_name_len});
  }

  static std::string_view cut(std::string_view text) noexcept {
    return text.substr(0, kLongestText);
  }
  std::string_view name_of(std::uint32_t frame) const noexcept {
    const hb_beamr_capi_lib_frame_t& it = trap_.frames[frame];
    return it.name == nullptr ? std::string_view() : cut({it.name, it.name_len});
  }

  const hb_beamr_capi_lib_trap_t& trap_;
  std::string_view kind_;
  std::string_view message_;
  std::uint32_t num_frames_;
};

}  // namespace

void report_trap(hb_beamr_capi_lib_rc_t rc, hb_beamr_capi_lib_context_t* context,
                 Reply& reply) noexcept {
  hb_beamr_capi_lib_trap_t trap{};
  if (hb_beamr_capi_lib_get_trap(context, &trap) == HB_BEAMR_CAPI_LIB_SUCCESS) {
    const TrapLayout layout(trap);
    if (char* at = reply.begin(2 + layout.size())) {
      Writer writer(at);
      writer.put(Tag::kTrapped).put(error_code_of(rc));
      layout.write(writer);
      return;
    }
  }
  reply.error(rc, context);
}

void report_last_trap(hb_beamr_capi_lib_context_t* context, Reply& reply) noexcept {
  hb_beamr_capi_lib_trap_t trap{};
  const auto rc = hb_beamr_capi_lib_get_trap(context, &trap);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return reply.error(rc, context);
  const TrapLayout layout(trap);
  char* at = reply.begin(1 + layout.size());
  if (at == nullptr) return;
  Writer writer(at);
  writer.put(Tag::kOk);
  layout.write(writer);
}

}  // namespace hb::beamr::driver
