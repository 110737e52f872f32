// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Data that no Erlang side of ours sends.

#include <random>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

using CommandTest = DriverTest;

constexpr std::uint32_t kLastOperation = static_cast<std::uint32_t>(Operation::kTarget);

TEST_F(CommandTest, UnknownOperationsAreRefused) {
  const Client client = instance();
  for (const std::uint32_t operation : {0U, kLastOperation + 1, 1000U, kWriteAt - 1}) {
    EXPECT_ERROR(decode(*client.ask_raw(operation, "data")), ErrorCode::kBadarg);
  }
}

TEST_F(CommandTest, NoopAnswersEightBytes) {
  EXPECT_EQ(open().ask_raw(static_cast<std::uint32_t>(Operation::kNoop), ""), std::string(8, '\0'));
}

TEST_F(CommandTest, DataThatIsTooShortIsRefused) {
  const Client client = instance();
  const std::map<Operation, std::size_t> wanted{
      {Operation::kInstantiate, 4}, {Operation::kCall, 4},      {Operation::kCallFunction, 4},
      {Operation::kCallTable, 8},   {Operation::kRead, 16},     {Operation::kWrite, 8},
      {Operation::kGrow, 8},        {Operation::kGlobalSet, 9},
  };
  for (const auto& [operation, size] : wanted) {
    for (std::size_t length = 0; length < size; ++length) {
      EXPECT_ERROR(client.ask(operation, std::string(length, '\0')), ErrorCode::kBadarg);
    }
  }
}

TEST_F(CommandTest, DataThatIsTooLongIsRefused) {
  const Client client = instance();
  EXPECT_ERROR(client.ask(Operation::kRead, std::string(17, '\0')), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kGrow, std::string(9, '\0')), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kSize, "x"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kDescribe, "x"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kTrapInfo, "x"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kCallFunction, std::string(5, '\0')), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kCallTable, std::string(16, '\0')), ErrorCode::kBadarg);
}

TEST_F(CommandTest, ACountOfValuesBeyondTheDataIsRefused) {
  const Client client = instance();
  EXPECT_ERROR(client.ask(Operation::kCall, u32(65'535) + "add"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kCall, u32(9) + "12345678"), ErrorCode::kBadarg);
  EXPECT_ERROR(client.ask(Operation::kCall, call_request("add", {{ValueKind{9}, 0}, integer(1)})),
               ErrorCode::kBadarg);
  const Values many(65'535, integer(1));
  EXPECT_ERROR(client.ask(Operation::kCall, call_request("add", many)), ErrorCode::kInvalidArgs);
}

TEST_F(CommandTest, MalformedRequestsLeaveTheTurnFree) {
  const Client client = instance();
  client.ask(Operation::kCall, "x");
  client.ask(Operation::kGrow, "x");
  client.ask(Operation::kCall, call_request("nope", {}));
  EXPECT_COMPLETED(client.other().try_call("empty"));
}

TEST_F(CommandTest, MalformedCommandsAreAnsweredByMessage) {
  const Client client = instance();
  const std::vector<std::vector<std::string>> malformed{
      {},
      {""},
      {"\x02"},
      {"\x0a"},
      {"\x0a"
       "1234567"},
      {std::string(100, '\x07')},
      {std::string(1, '\0')},
  };
  for (const auto& command : malformed) {
    ASSERT_TRUE(client.port()->command(client.process(), command));
    EXPECT_ERROR(client.receive(), ErrorCode::kBadarg);
  }
  EXPECT_EQ(client.process().messages(), 0U);
}

TEST_F(CommandTest, LoadAsACommandRefersToItsBytes) {
  const Client client = open();
  const std::string module = padded(plain_fixture("driver_guest"), 2 << 20);
  ASSERT_TRUE(client.port()->command(client.process(), {"\x01", module}));
  EXPECT_TAG(client.receive(), Tag::kOk);
  EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(0)));
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
  ASSERT_TRUE(client.port()->command(client.process(), {"\x01", module}));
  EXPECT_ERROR(client.receive(), ErrorCode::kInvalidState);
}

TEST_F(CommandTest, LoadAsACommandInPieces) {
  const Client client = open();
  const std::string module = fixture("driver_guest");
  ASSERT_TRUE(client.port()->command(
      client.process(),
      {"\x01" + module.substr(0, 10), module.substr(10, 300), module.substr(310)}));
  EXPECT_TAG(client.receive(), Tag::kOk);
  const Client empty = open();
  ASSERT_TRUE(empty.port()->command(empty.process(), {"\x01"}));
  EXPECT_ERROR(empty.receive(), ErrorCode::kBadModule);
}

/// Bytes of all sorts to every operation, in several states of the port: whatever is answered, the port
/// must live on, and the answer must be one of the protocol.
TEST_F(CommandTest, RandomBytesDoNoHarm) {
  std::mt19937 random(20260101);
  const std::string names[] = {"add", "ask", "counter", "empty", "count", "memory"};
  for (int round = 0; round < 40; ++round) {
    const Client client = round % 4 == 0   ? open()
                          : round % 4 == 1 ? load(fixture("driver_guest"))
                                           : instance();
    if (round % 4 == 3) {
      ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
    }
    for (int i = 0; i < 250; ++i) {
      std::string data(random() % 40, '\0');
      for (char& byte : data)
        byte = static_cast<char>(random() % 3 == 0 ? random() % 256 : random() % 5);
      if (random() % 2 == 0) data += names[random() % std::size(names)];
      auto operation = static_cast<std::uint32_t>(random() % (kLastOperation + 2));
      if (random() % 20 == 0) operation = kWriteAt + static_cast<std::uint32_t>(random() % 100'000);
      // Its answer has another form; after the other one no pending answer follows.
      if (operation == static_cast<std::uint32_t>(Operation::kNoop)) continue;
      if (operation == static_cast<std::uint32_t>(Operation::kClose)) continue;
      // For the whole node: later rounds would be refused.
      if (operation == static_cast<std::uint32_t>(Operation::kConfigure)) continue;
      const auto answer = client.ask_raw(operation, data);
      ASSERT_TRUE(answer.has_value());
      // An endless function may have been hit by chance.
      if (client.settle(decode(*answer)).is(Tag::kQueued)) client.ask(Operation::kPass);
      ASSERT_FALSE(HasFailure()) << "operation " << operation;
    }
    client.close();
  }
}

}  // namespace

}  // namespace hb::beamr::driver::test
