// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What a module's imports get, and what its tables and exceptions are like for Erlang.

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

template <typename Integer>
std::string as_string(Integer length, std::string_view text) {
  return bytes(length) + std::string(text);
}

std::string names(std::string_view name) {
  return as_string(std::uint32_t{3}, "env") +
         as_string(static_cast<std::uint32_t>(name.size()), name);
}

const std::string kNothing(1, '\0');

std::string value_offer(std::string_view name, const Value& value) {
  return names(name) + kNothing + std::string(1, 1) + value.encoded();
}
std::string image_offer(std::string_view image) {
  return names("memory") + kNothing + kNothing + std::string(image);
}

class LinkCommands : public DriverTest {
 protected:
  Client linked() {
    const Client client = load(fixture("driver_imports"));
    EXPECT_TAG(client.ask(Operation::kOffer, value_offer("base", integer(8))), Tag::kOk);
    EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(0)));
    return client;
  }
};

TEST_F(LinkCommands, AnImageAndAValue) {
  const Client client = load(fixture("driver_imports"));
  EXPECT_TAG(client.ask(Operation::kOffer, value_offer("base", integer(8))), Tag::kOk);
  EXPECT_TAG(client.ask(Operation::kOffer, image_offer("0123456789abcdef")), Tag::kOk);
  EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(0)));
  EXPECT_COMPLETED(client.call("load", {integer(7)}), i32('7'));
  EXPECT_COMPLETED(client.call("load", {integer(8)}), i32('d'));
  EXPECT_COMPLETED(client.call("load", {integer(12)}), i32('c'));
  EXPECT_ERROR(client.ask(Operation::kOffer, value_offer("base", integer(8))),
               ErrorCode::kInvalidState);
}

TEST_F(LinkCommands, WhatIsMissingOrDoesNotFitIsALinkError) {
  const Client without = load(fixture("driver_imports"));
  EXPECT_ERROR(without.run(Operation::kInstantiate, u32(0)), ErrorCode::kLink);
  const Client wrong = load(fixture("driver_imports"));
  EXPECT_ERROR(wrong.ask(Operation::kOffer, value_offer("base", integer(std::int64_t{1} << 40))),
               ErrorCode::kLink);
  const Client refused = open();
  EXPECT_TAG(refused.ask(Operation::kOptions, std::string(1, 1)), Tag::kOk);
  EXPECT_TAG(refused.run(Operation::kLoad, fixture("driver_imports")), Tag::kOk);
  EXPECT_TAG(refused.ask(Operation::kOffer, value_offer("base", integer(8))), Tag::kOk);
  EXPECT_ERROR(refused.run(Operation::kInstantiate, u32(0)), ErrorCode::kLink);
}

TEST_F(LinkCommands, CompiledCodeIsTakenAsTheOptionsSay) {
  const std::string plain = plain_fixture("driver_imports");
  const auto load_with = [&](std::uint8_t options, const std::string& module) {
    const Client client = open();
    EXPECT_TAG(client.ask(Operation::kOptions, std::string(1, static_cast<char>(options))),
               Tag::kOk);
    const Answer answer = client.run(Operation::kLoad, module);
    if (!answer.is(Tag::kOk)) {
      EXPECT_ERROR(answer, ErrorCode::kNotCompiled);
      return std::string("refused");
    }
    return std::string(answer.text.back() == 0 ? "interpreted" : "compiled");
  };
  constexpr std::uint8_t kPreferred = 4;
  constexpr std::uint8_t kRequired = 8;
  constexpr std::uint8_t kShared = 16;
  EXPECT_EQ(load_with(kRequired, plain), "refused");
  EXPECT_EQ(load_with(kPreferred, plain), "interpreted");
  // Known, but not compiled: the same, at once.
  EXPECT_EQ(load_with(kRequired, plain), "refused");
  const std::string code = fixture("driver_imports");
  if (code == plain) return;  // the rest is for when fixtures are compiled
  const Client keeps_it_alive = open();
  EXPECT_TAG(keeps_it_alive.run(Operation::kLoad, code), Tag::kOk);
  EXPECT_EQ(load_with(kPreferred, plain), "interpreted");
  EXPECT_EQ(load_with(kRequired, plain), "refused");
  EXPECT_EQ(load_with(kRequired, code), "compiled");
  EXPECT_EQ(load_with(kShared, code), "compiled");
  EXPECT_EQ(load_with(kPreferred, plain), "compiled");
  EXPECT_EQ(load_with(kRequired, plain), "compiled");
  EXPECT_EQ(load_with(0, plain), "interpreted");
}

TEST_F(LinkCommands, HalfAnOfferIsMalformed) {
  const Client client = load(fixture("driver_imports"));
  const std::string type = std::string(1, 1) + std::string(5, '\0') + u64(1) + u64(2) +
                           as_string(std::uint16_t{3}, "()i");
  const std::string whole = names("base") + type + std::string(1, 1) + integer(8).encoded();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_ERROR(client.ask(Operation::kOffer, whole.substr(0, size)), ErrorCode::kBadarg);
  }
  std::string unknown_kind = whole;
  unknown_kind[names("base").size() + 1] = 9;
  EXPECT_ERROR(client.ask(Operation::kOffer, unknown_kind), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kOptions, ""), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kOptions, "ab"), ErrorCode::kBadarg);
}

TEST_F(LinkCommands, ElementsOfTables) {
  const Client client = linked();
  EXPECT_TAG(client.ask(Operation::kTableSize, "things"), Tag::kOk);
  EXPECT_ERROR(client.ask(Operation::kTableSize, "no_such"), ErrorCode::kUnknownTable);
  const Value seven{ValueKind::kExternref, 7};
  EXPECT_TAG(client.ask(Operation::kTableSet, u64(1) + seven.encoded() + "things"), Tag::kOk);
  EXPECT_COMPLETED(client.call("thing", {integer(1)}), seven);
  EXPECT_COMPLETED(client.call("thing", {integer(0)}), Value{ValueKind::kNull, 0});
  EXPECT_ERROR(client.ask(Operation::kTableSet, u64(2) + seven.encoded() + "things"),
               ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.ask(Operation::kTableSet, u64(0) + seven.encoded() + "functions"),
               ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.ask(Operation::kTableSet, u64(0)), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kTableGet, "things"), ErrorCode::kBadarg);
  // At once, and on a worker.
  EXPECT_TAG(client.ask(Operation::kTableGrow, u64(8) + seven.encoded() + "things"), Tag::kOk);
  EXPECT_TAG(client.run(Operation::kTableGrow, u64(900) + seven.encoded() + "things"), Tag::kOk);
  EXPECT_COMPLETED(client.call("thing", {integer(909)}), seven);
  EXPECT_TAG(client.ask(Operation::kTableGrow, u64(17000) + seven.encoded() + "things"),
             Tag::kPending);
  EXPECT_ERROR(client.receive(), ErrorCode::kNoMemory);  // its room for growth is used up
}

TEST_F(LinkCommands, AnExceptionAnswersAnImport) {
  const Client client = linked();
  const std::string tag = std::string(1, 0) + u32(0) + "own";
  const Answer own = client.ask(Operation::kTag, tag);
  EXPECT_TAG(own, Tag::kOk);
  EXPECT_ERROR(client.ask(Operation::kTag, std::string(1, 0) + u32(0) + "foreign"),
               ErrorCode::kUnknownTag);
  EXPECT_TAG(client.ask(Operation::kTag, std::string(1, 1) + u32(3) + "envforeign"), Tag::kOk);
  EXPECT_ERROR(client.ask(Operation::kTag, std::string(1, 1) + u32(99) + "env"),
               ErrorCode::kBadarg);

  constexpr std::uint32_t kForeign = 0;
  constexpr std::uint32_t kOwn = 1;
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_ERROR(client.ask(Operation::kThrow, ""), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kThrow, u32(99)), ErrorCode::kUnknownTag);
  EXPECT_ERROR(client.ask(Operation::kThrow, u32(kOwn)), ErrorCode::kBadResult);
  EXPECT_ERROR(client.ask(Operation::kThrow, u32(kOwn) + Value{ValueKind::kExternref, 1}.encoded()),
               ErrorCode::kBadResult);
  EXPECT_COMPLETED(client.run(Operation::kThrow, u32(kOwn) + integer(5).encoded()), i32(1005));
  ASSERT_TRUE(client.call("ask", {integer(1)}).is(Tag::kImport));
  EXPECT_COMPLETED(client.run(Operation::kThrow, u32(kForeign) + integer(6).encoded()), i32(6));
  EXPECT_ERROR(client.ask(Operation::kThrow, u32(kOwn) + integer(5).encoded()),
               ErrorCode::kNotHolder);
  EXPECT_ERROR(client.call("throw", {integer(3)}), ErrorCode::kTrap);
}

}  // namespace

}  // namespace hb::beamr::driver::test
