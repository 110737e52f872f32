// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

using DescribeCommands = DriverTest;

/// Reads an answer from its front.
class Cursor {
 public:
  explicit Cursor(std::string text) : owner_(std::move(text)), text_(owner_) {}

  template <typename Integer>
  Integer take() {
    Integer value{};
    if (text_.size() < sizeof value) throw std::out_of_range("answer too short");
    std::memcpy(&value, text_.data(), sizeof value);
    text_.remove_prefix(sizeof value);
    return value;
  }

  template <typename Length>
  std::string take_string() {
    const auto length = take<Length>();
    if (text_.size() < length) throw std::out_of_range("answer too short");
    std::string string(text_.substr(0, length));
    text_.remove_prefix(length);
    return string;
  }

  bool is_at_end() const { return text_.empty(); }

 private:
  const std::string owner_;
  std::string_view text_;
};

TEST_F(DescribeCommands, WhatCompiledCodeHasToFit) {
  const Client client = open();
  const Answer answer = client.ask(Operation::kTarget);
  ASSERT_TRUE(answer.is(Tag::kOk));
  constexpr std::size_t kKeyAt = 40;
  constexpr std::size_t kKeySize = 32;
  ASSERT_GT(answer.text.size(), kKeySize);
  const std::string processor = answer.text.substr(kKeySize);
  EXPECT_TRUE(processor.starts_with("x86-64") || processor == "generic") << processor;
  const std::string code = fixture("driver_imports");
  if (code != plain_fixture("driver_imports")) {
    EXPECT_EQ(answer.text.substr(0, kKeySize), code.substr(kKeyAt, kKeySize));
  }
  EXPECT_ERROR(client.ask(Operation::kTarget, "x"), ErrorCode::kBadarg);
}

TEST_F(DescribeCommands, ImportsAndExportsAreListedInOrder) {
  const Client client = load(fixture("driver_large_memory"));
  const Answer answer = client.run(Operation::kDescribe);
  ASSERT_TRUE(answer.is(Tag::kOk));
  Cursor cursor(answer.text);
  ASSERT_EQ(cursor.take<std::uint32_t>(), 1U);
  EXPECT_EQ(cursor.take<std::uint8_t>(), 0);
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "env");
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "ask");
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "(i)i");

  ASSERT_EQ(cursor.take<std::uint32_t>(), 4U);
  EXPECT_EQ(cursor.take<std::uint8_t>(), 3);
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "memory");
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "");
  EXPECT_EQ(cursor.take<std::uint8_t>(), 0);
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "empty");
  EXPECT_EQ(cursor.take_string<std::uint32_t>(), "()");
}

TEST_F(DescribeCommands, AllKindsOfExportsHaveTheirNumber) {
  const Client client = instance();
  Cursor cursor(client.run(Operation::kDescribe).text);
  for (auto imports = cursor.take<std::uint32_t>(); imports > 0; --imports) {
    cursor.take<std::uint8_t>();
    for (int i = 0; i < 3; ++i) cursor.take_string<std::uint32_t>();
  }
  std::map<std::string, int> kinds;
  for (auto exports = cursor.take<std::uint32_t>(); exports > 0; --exports) {
    const int kind = cursor.take<std::uint8_t>();
    kinds[cursor.take_string<std::uint32_t>()] = kind;
    cursor.take_string<std::uint32_t>();
  }
  EXPECT_TRUE(cursor.is_at_end());
  EXPECT_EQ(kinds["add"], 0);
  EXPECT_EQ(kinds["counter"], 1);
  EXPECT_EQ(kinds["__indirect_function_table"], 2);
  EXPECT_EQ(kinds["memory"], 3);
}

TEST_F(DescribeCommands, WithoutAModuleThereIsNothingToDescribe) {
  const Client client = open();
  EXPECT_ERROR(client.run(Operation::kDescribe), ErrorCode::kInvalidState);
  EXPECT_ERROR(client.run(Operation::kFunction, "empty"), ErrorCode::kInvalidState);
}

TEST_F(DescribeCommands, TrapsAreDescribedWithTheirFrames) {
  const Client client = instance();
  client.call("crash");
  Cursor cursor(client.run(Operation::kTrapInfo).text);
  EXPECT_EQ(cursor.take_string<std::uint8_t>(), "unreachable");
  EXPECT_EQ(cursor.take_string<std::uint16_t>(), "unreachable");
  EXPECT_EQ(cursor.take<std::uint8_t>(), 0);
  for (auto frames = cursor.take<std::uint8_t>(); frames > 0; --frames) {
    cursor.take<std::uint32_t>();
    cursor.take<std::uint32_t>();
    cursor.take_string<std::uint16_t>();
  }
  EXPECT_EQ(cursor.take<std::uint8_t>(), 0) << "no exception";
  EXPECT_TRUE(cursor.is_at_end());
}

TEST_F(DescribeCommands, ExceptionsAreDescribedWithTheirTagAndValues) {
  const Client client = load(fixture("driver_exceptions"));
  EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(0)));
  for (const auto& [function, naming, module, name] :
       {std::tuple("throw_own", 1, "", "own"), std::tuple("throw_foreign", 2, "env", "foreign"),
        std::tuple("throw_hidden", 0, "", "")}) {
    client.call(function);
    Cursor cursor(client.run(Operation::kTrapInfo).text);
    EXPECT_EQ(cursor.take_string<std::uint8_t>(), "exception");
    cursor.take_string<std::uint16_t>();
    EXPECT_EQ(cursor.take<std::uint8_t>(), 0);
    EXPECT_EQ(cursor.take<std::uint8_t>(), 0) << "no frames";
    EXPECT_EQ(cursor.take<std::uint8_t>(), 1);
    cursor.take<std::uint32_t>();
    EXPECT_EQ(cursor.take<std::uint8_t>(), naming);
    EXPECT_EQ(cursor.take_string<std::uint16_t>(), module);
    EXPECT_EQ(cursor.take_string<std::uint16_t>(), name);
    EXPECT_EQ(cursor.take<std::uint16_t>(), 1);
    EXPECT_EQ(cursor.take<std::uint8_t>(), static_cast<std::uint8_t>(ValueKind::kI32));
    EXPECT_EQ(cursor.take<std::uint64_t>(), 5U);
    EXPECT_TRUE(cursor.is_at_end());
  }
}

TEST_F(DescribeCommands, WithoutATrapTheKindIsNone) {
  const Client client = instance();
  client.call("empty");
  Cursor cursor(client.run(Operation::kTrapInfo).text);
  EXPECT_EQ(cursor.take_string<std::uint8_t>(), "none");
  EXPECT_EQ(cursor.take_string<std::uint16_t>(), "");
}

TEST_F(DescribeCommands, CountersCount) {
  const Client client = instance();
  const auto before = client.counters();
  client.call("empty");
  client.call("crash");
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  client.answer({integer(0)});
  auto after = client.counters();
  EXPECT_EQ(after["calls"] - before.at("calls"), 3U);
  EXPECT_EQ(after["imports"] - before.at("imports"), 1U);
  EXPECT_EQ(after["traps"] - before.at("traps"), 1U);
  EXPECT_EQ(after["instances"], 1U);
  EXPECT_EQ(after["workers"], 2U);
}

}  // namespace

}  // namespace hb::beamr::driver::test
