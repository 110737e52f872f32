// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "value_codec.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

ValueFault decode(const Value& value, wasm_valkind_t wanted, wasm_val_t& out) {
  return decode_value({value.kind, value.bits, value.high}, wanted, &out);
}

TEST(ValueCodec, IntegersFitAsSignedOrAsUnsigned) {
  wasm_val_t out{};
  EXPECT_EQ(decode(integer(-1), WASM_I32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.i32, -1);
  EXPECT_EQ(decode(integer(0xFFFFFFFF), WASM_I32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.i32, -1);
  EXPECT_EQ(decode(natural(0x80000000), WASM_I32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.i32, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(decode(integer(std::numeric_limits<std::int32_t>::min()), WASM_I32, out),
            ValueFault::kNone);
  EXPECT_EQ(decode(natural(UINT64_MAX), WASM_I64, out), ValueFault::kNone);
  EXPECT_EQ(out.of.i64, -1);
}

TEST(ValueCodec, IntegersThatDoNotFitAreRefused) {
  wasm_val_t out{};
  EXPECT_EQ(decode(integer(0x100000000), WASM_I32, out), ValueFault::kOutOfRange);
  EXPECT_EQ(decode(integer(-0x80000001LL), WASM_I32, out), ValueFault::kOutOfRange);
  EXPECT_EQ(decode(natural(UINT64_MAX), WASM_I32, out), ValueFault::kOutOfRange);
}

TEST(ValueCodec, IntegersBecomeFloatsByTheirMathematicalValue) {
  wasm_val_t out{};
  EXPECT_EQ(decode(integer(-3), WASM_F64, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f64, -3.0);
  EXPECT_EQ(decode(natural(UINT64_MAX), WASM_F64, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f64, 18446744073709551616.0);
  EXPECT_EQ(decode(natural(UINT64_MAX), WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f32, 18446744073709551616.0F);
  // Rounded once: by way of a double it would be 2^24.
  EXPECT_EQ(decode(integer((std::int64_t{1} << 54) + (std::int64_t{1} << 30) + 1), WASM_F32, out),
            ValueFault::kNone);
  EXPECT_EQ(out.of.f32, static_cast<float>((std::int64_t{1} << 54) + (std::int64_t{1} << 31)));
}

TEST(ValueCodec, FloatsAreRoundedToNearest) {
  wasm_val_t out{};
  EXPECT_EQ(decode(real(0.1), WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f32, 0.1F);
  EXPECT_EQ(decode(real(3.4028235e38), WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(decode(real(3.5e38), WASM_F32, out), ValueFault::kOutOfRange);
  EXPECT_EQ(decode(real(-1e300), WASM_F32, out), ValueFault::kOutOfRange);
  EXPECT_EQ(decode(real(1e-300), WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f32, 0.0F);
}

TEST(ValueCodec, NotANumberAndInfinitiesPass) {
  wasm_val_t out{};
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(decode(real(infinity), WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f32, std::numeric_limits<float>::infinity());
  EXPECT_EQ(decode(real(-infinity), WASM_F64, out), ValueFault::kNone);
  EXPECT_EQ(out.of.f64, -infinity);
  EXPECT_EQ(decode(real(std::numeric_limits<double>::quiet_NaN()), WASM_F32, out),
            ValueFault::kNone);
  EXPECT_TRUE(std::isnan(out.of.f32));
  // Every bit of a not-a-number that has the wanted width stays.
  EXPECT_EQ(decode({ValueKind::kF32, 0x7FA00001}, WASM_F32, out), ValueFault::kNone);
  EXPECT_EQ(wire_value(out).bits, 0x7FA00001U);
  EXPECT_EQ(decode({ValueKind::kF64, 0x7FF4000000000001}, WASM_F64, out), ValueFault::kNone);
  EXPECT_EQ(wire_value(out).bits, 0x7FF4000000000001U);
}

TEST(ValueCodec, AFloatIsNoInteger) {
  wasm_val_t out{};
  EXPECT_EQ(decode(real(1.0), WASM_I32, out), ValueFault::kWrongType);
  EXPECT_EQ(decode(real(1.0), WASM_I64, out), ValueFault::kWrongType);
  EXPECT_EQ(decode(f32(1.0F), WASM_I32, out), ValueFault::kWrongType);
}

TEST(ValueCodec, ReferencesAreOfTheirTypeOrNull) {
  wasm_val_t out{};
  for (const wasm_valkind_t wanted : {WASM_FUNCREF, WASM_EXTERNREF}) {
    EXPECT_EQ(decode({ValueKind::kNull, 0}, wanted, out), ValueFault::kNone);
    EXPECT_EQ(out.of.i64, -1);
    EXPECT_EQ(wire_value(out).kind, ValueKind::kNull);
  }
  EXPECT_EQ(decode({ValueKind::kFuncref, 7}, WASM_FUNCREF, out), ValueFault::kNone);
  EXPECT_EQ(out.of.i64, 7);
  EXPECT_EQ(wire_value(out).kind, ValueKind::kFuncref);
  EXPECT_EQ(decode({ValueKind::kExternref, 0xFFFFFFFE}, WASM_EXTERNREF, out), ValueFault::kNone);
  EXPECT_EQ(wire_value(out).kind, ValueKind::kExternref);
  EXPECT_EQ(wire_value(out).bits, 0xFFFFFFFEU);
  EXPECT_EQ(decode({ValueKind::kFuncref, 7}, WASM_EXTERNREF, out), ValueFault::kWrongType);
  EXPECT_EQ(decode({ValueKind::kExternref, 7}, WASM_FUNCREF, out), ValueFault::kWrongType);
  EXPECT_EQ(decode({ValueKind::kExternref, 7}, WASM_I32, out), ValueFault::kWrongType);
  EXPECT_EQ(decode({ValueKind::kNull, 0}, WASM_I32, out), ValueFault::kWrongType);
  EXPECT_EQ(decode({ValueKind::kExternref, 0xFFFFFFFF}, WASM_EXTERNREF, out),
            ValueFault::kMalformed);
}

TEST(ValueCodec, NoNumberIsAReference) {
  wasm_val_t out{};
  EXPECT_EQ(decode(integer(0), WASM_EXTERNREF, out), ValueFault::kWrongType);
  EXPECT_EQ(decode(real(0), WASM_EXTERNREF, out), ValueFault::kWrongType);
}

TEST(ValueCodec, AV128IsTwoSlots) {
  OneValue out{};
  EXPECT_EQ(decode_value({ValueKind::kV128, 1, UINT64_MAX}, WASM_V128, out.data()),
            ValueFault::kNone);
  EXPECT_EQ(out[0].kind, WASM_V128);
  EXPECT_EQ(out[0].of.i64, 1);
  EXPECT_EQ(out[1].kind, WASM_V128);
  EXPECT_EQ(out[1].of.i64, -1);
  EXPECT_EQ(wire_value(out[0]).kind, ValueKind::kV128);
  EXPECT_EQ(encoded_size(out), 17U);
}

TEST(ValueCodec, NothingElseIsAV128AndAV128NothingElse) {
  OneValue out{};
  for (const Value& value :
       {integer(1), natural(UINT64_MAX), f32(1), real(1), Value{ValueKind::kNull, 0},
        Value{ValueKind::kFuncref, 1}, Value{ValueKind::kExternref, 1}}) {
    EXPECT_EQ(decode(value, WASM_V128, out[0]), ValueFault::kWrongType);
  }
  for (const wasm_valkind_t wanted :
       {WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_FUNCREF, WASM_EXTERNREF}) {
    EXPECT_EQ(decode(v128(1, 2), wanted, out[0]), ValueFault::kWrongType);
  }
}

TEST(ValueCodec, ListsOfValuesMayHaveV128sAnywhere) {
  const wasm_valkind_t types[] = {WASM_I32, WASM_V128, WASM_V128, WASM_V128, WASM_V128, WASM_F64};
  const std::string given = encode({integer(7), v128(1, 2), v128(3, 4), real(0.5)});
  EXPECT_EQ(count_values(given), 4U);
  EXPECT_EQ(count_values(types), 4U);

  std::array<wasm_val_t, 6> out{};
  Reader data(given);
  EXPECT_FALSE(decode_values(data, types, out.data()));
  EXPECT_TRUE(data.is_at_end());
  ASSERT_EQ(encoded_size(out), given.size());
  std::string back(encoded_size(out), '\0');
  Writer writer(back.data());
  encode_values(writer, out);
  EXPECT_EQ(back, encode({i32(7), v128(1, 2), v128(3, 4), real(0.5)}));
}

TEST(ValueCodec, WhatEndsWithinAV128IsMalformed) {
  const std::string given = encode({v128(1, 2)});
  const wasm_valkind_t types[] = {WASM_V128, WASM_V128};
  for (std::size_t size = 0; size < given.size(); ++size) {
    OneValue out{};
    const std::string cut = given.substr(0, size);  // of exact size
    Reader data(cut);
    EXPECT_EQ(decode_values(data, types, out.data()).fault, ValueFault::kMalformed);
    EXPECT_EQ(count_values(cut), size == 0 ? std::optional<std::size_t>(0) : std::nullopt);
  }
}

TEST(ValueCodec, UnknownKindsAndStrayBitsAreMalformed) {
  wasm_val_t out{};
  EXPECT_EQ(decode({ValueKind{9}, 0}, WASM_I32, out), ValueFault::kMalformed);
  EXPECT_EQ(decode({ValueKind{255}, 0}, WASM_F64, out), ValueFault::kMalformed);
  EXPECT_EQ(decode({ValueKind::kF32, 0x100000000}, WASM_F32, out), ValueFault::kMalformed);
}

TEST(ValueCodec, ValuesComeBackAsTheProtocolSays) {
  wasm_val_t val{};
  val.kind = WASM_I32;
  val.of.i32 = -2;
  EXPECT_EQ(wire_value(val).bits, 0xFFFFFFFFFFFFFFFEU);
  val.kind = WASM_F32;
  val.of.f32 = 1.0F;
  EXPECT_EQ(wire_value(val).bits, 0x3F800000U);
}

TEST(ValueCodec, FaultsAreToldWithTheirPlace) {
  const wasm_valkind_t types[] = {WASM_I32, WASM_F32};
  EXPECT_EQ(describe_fault("argument", {ValueFault::kWrongType, 0}, types),
            "argument 1 is not an i32");
  EXPECT_EQ(describe_fault("result", {ValueFault::kOutOfRange, 1}, types),
            "result 2 does not fit an f32");
  const wasm_valkind_t vectors[] = {WASM_V128, WASM_V128, WASM_V128, WASM_V128, WASM_I32};
  EXPECT_EQ(describe_fault("argument", {ValueFault::kWrongType, 2}, vectors),
            "argument 2 is not a v128");
  EXPECT_EQ(describe_fault("argument", {ValueFault::kWrongType, 4}, vectors),
            "argument 3 is not an i32");
}

}  // namespace

}  // namespace hb::beamr::driver::test
