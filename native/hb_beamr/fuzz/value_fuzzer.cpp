// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What takes bytes apart: values of the protocol, primitives of the binary format, names, signatures.
#include <cstdio>
#include <cstdlib>

#include "byte_cursor.hpp"
#include "input.hpp"
#include "signature.hpp"
#include "text.hpp"
#include "trap.hpp"
#include "utf8.hpp"
#include "value_codec.hpp"

namespace hb::beamr::fuzz {
namespace {

constexpr wasm_valkind_t kKinds[] = {WASM_I32,  WASM_I64,       WASM_F32,    WASM_F64,
                                     WASM_V128, WASM_EXTERNREF, WASM_FUNCREF};

std::vector<wasm_valkind_t> some_kinds(Input& input, std::size_t choices) {
  std::vector<wasm_valkind_t> kinds(input.below(20));
  for (wasm_valkind_t& kind : kinds) kind = kKinds[input.below(choices)];
  return kinds;
}

/// What is accepted has the wanted type, and comes back as itself.
void check_value(Input& input) {
  const driver::ValueKind kind{static_cast<std::uint8_t>(input.byte() % 10)};
  const auto bits = input.take<std::uint64_t>();
  const wasm_valkind_t wanted = kKinds[input.below(std::size(kKinds))];
  OneValue value{};
  if (driver::decode_value({kind, bits, ~bits}, wanted, value.data()) !=
      driver::ValueFault::kNone) {
    return;
  }
  HB_FUZZ_CHECK(value[0].kind == wanted);
  const auto slots = slots_of(value);
  std::vector<char> bytes(driver::encoded_size(slots));  // of exact size
  driver::Writer writer(bytes.data());
  driver::encode_values(writer, slots);
  driver::Reader reader({bytes.data(), bytes.size()});
  driver::WireValue back{};
  HB_FUZZ_CHECK(driver::read_value(reader, back) && reader.is_at_end());
  OneValue again{};
  HB_FUZZ_CHECK(driver::decode_value(back, wanted, again.data()) == driver::ValueFault::kNone);
  HB_FUZZ_CHECK(driver::wire_value(again[0]).bits == back.bits);
  HB_FUZZ_CHECK(again[1].of.i64 == value[1].of.i64);
  if (kind == driver::ValueKind{wanted} && wanted != WASM_I32) HB_FUZZ_CHECK(back.bits == bits);
}

void check_values(Input& input) {
  FunctionType type;
  type.params = some_kinds(input, std::size(kKinds));
  type.complete();
  const std::vector<wasm_valkind_t>& types = type.param_slots;
  HB_FUZZ_CHECK(driver::count_values(types) == type.params.size());
  std::vector<char> data(types.size() * driver::kValueSize);  // of exact size
  const auto bytes = input.take_bytes(data.size());
  std::copy(bytes.begin(), bytes.end(), data.begin());
  std::vector<wasm_val_t> values(types.size());
  driver::Reader reader({data.data(), data.size()});
  const driver::ValueListFault fault = driver::decode_values(reader, types, values.data());
  if (fault) {
    HB_FUZZ_CHECK(fault.index < types.size());
    HB_FUZZ_CHECK(!driver::describe_fault("argument", fault, types).empty());
  } else {
    HB_FUZZ_CHECK(values_match(values, types));
  }
}

/// Values are the same after a way through the engine's cells.
void check_cells(Input& input) {
  FunctionType type;
  type.params = some_kinds(input, 5);
  type.results = some_kinds(input, std::size(kKinds));
  type.complete();
  HB_FUZZ_CHECK(type.text.size() == 2 + type.params.size() + type.results.size());
  std::vector<std::uint32_t> cells(type.param_cells);
  for (std::uint32_t& cell : cells) cell = input.take<std::uint32_t>();
  std::vector<wasm_val_t> values(type.param_slots.size());
  cells_to_values(cells.data(), type.param_slots, values.data());
  HB_FUZZ_CHECK(values_match(values, type.param_slots));
  std::vector<std::uint32_t> back(type.param_cells);
  values_to_cells(values, back.data());
  HB_FUZZ_CHECK(back == cells);
  HB_FUZZ_CHECK(describe_types(values) == describe_types(type.param_slots));
}

void check_cursor(Input& input) {
  const std::string text = input.text(input.byte());
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  ByteCursor cursor(bytes);
  std::size_t left = cursor.left();
  while (!cursor.at_end()) {
    switch (input.below(5)) {
      case 1:
        cursor.leb();
        break;
      case 2:
        cursor.u32();
        break;
      case 3:
        HB_FUZZ_CHECK(cursor.take(input.byte()).size() <= left);
        break;
      case 4:
        HB_FUZZ_CHECK(cursor.name().size() <= left);
        break;
      default:
        cursor.byte();
        break;
    }
    HB_FUZZ_CHECK(cursor.left() <= left);
    left = cursor.left();
  }
  HB_FUZZ_CHECK(!cursor.failed() || (cursor.byte() == 0 && cursor.at_end()));
}

/// Texts for people are UTF-8, whatever the names in them are.
void check_text(Input& input) {
  const std::string text = input.text(input.take<std::uint16_t>() % 1024);
  const std::string name = quoted(text);
  HB_FUZZ_CHECK(is_utf8(name) && name.size() <= 4 * text.size() + 5 && name.size() <= 805);
  for (const char character : name) HB_FUZZ_CHECK(static_cast<unsigned char>(character) >= ' ');
  if (is_utf8(text)) HB_FUZZ_CHECK(!is_utf8(text + '\x80') && is_utf8(text + text));
  HB_FUZZ_CHECK(trap_kind_name(trap_kind_of(text)) != nullptr);
}

}  // namespace
}  // namespace hb::beamr::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hb::beamr::fuzz;
  Input input({data, size});
  while (!input.at_end()) {
    switch (input.below(5)) {
      case 0:
        check_value(input);
        break;
      case 1:
        check_values(input);
        break;
      case 2:
        check_cells(input);
        break;
      case 3:
        check_cursor(input);
        break;
      default:
        check_text(input);
        break;
    }
  }
  return 0;
}
