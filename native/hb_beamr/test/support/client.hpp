// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A process that speaks the protocol, and what all suites of the driver share.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator.hpp"
#include "protocol.hpp"

namespace hb::beamr::driver::test {

// ---- Requests.

template <typename Integer>
std::string bytes(Integer value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}
inline std::string u16(std::uint16_t value) { return bytes(value); }
inline std::string u32(std::uint32_t value) { return bytes(value); }
inline std::string u64(std::uint64_t value) { return bytes(value); }

/// A value as it travels.
struct Value {
  ValueKind kind;
  std::uint64_t bits;
  std::uint64_t high = 0;  ///< Of a v128.

  std::string encoded() const {
    return bytes(kind) + bytes(bits) + (kind == ValueKind::kV128 ? bytes(high) : "");
  }
  bool operator==(const Value&) const = default;
};

inline Value integer(std::int64_t value) {
  return {ValueKind::kI64, static_cast<std::uint64_t>(value)};
}
inline Value natural(std::uint64_t value) { return {ValueKind::kUnsigned, value}; }
inline Value real(double value) { return {ValueKind::kF64, std::bit_cast<std::uint64_t>(value)}; }
// As they come back.
inline Value i32(std::int32_t value) {
  return {ValueKind::kI32, static_cast<std::uint64_t>(static_cast<std::int64_t>(value))};
}
inline Value i64(std::int64_t value) { return integer(value); }
inline Value f32(float value) { return {ValueKind::kF32, std::bit_cast<std::uint32_t>(value)}; }
inline Value f64(double value) { return real(value); }
inline Value v128(std::uint64_t low, std::uint64_t high) { return {ValueKind::kV128, low, high}; }

using Values = std::vector<Value>;
std::string encode(const Values& values);
std::string call_request(std::string_view function, const Values& arguments);

// ---- Answers.

struct Answer {
  Tag tag{};
  ErrorCode code{};            ///< Of an error.
  std::string text;            ///< Of an error; else all after the tag.
  std::uint32_t position = 0;  ///< Of an import.
  std::uint64_t id = 0;        ///< Of an import, and of an answer delivered to it.
  Operation operation{};       ///< Of an answer delivered: ANSWER or TRAP.
  Values values;               ///< Of a result or an import.

  bool is(Tag wanted) const { return tag == wanted; }
  bool is(ErrorCode wanted) const { return tag == Tag::kError && code == wanted; }
};
void PrintTo(const Answer& answer, std::ostream* out);
Answer decode(std::string_view answer);

#define EXPECT_COMPLETED(answer, ...)                                            \
  do {                                                                           \
    const Answer answer_ = (answer);                                             \
    EXPECT_TRUE(answer_.is(Tag::kCompleted)) << testing::PrintToString(answer_); \
    EXPECT_EQ(answer_.values, (Values{__VA_ARGS__}));                            \
  } while (false)
#define EXPECT_TAG(answer, wanted)                                      \
  do {                                                                  \
    const Answer answer_ = (answer);                                    \
    EXPECT_TRUE(answer_.is(wanted)) << testing::PrintToString(answer_); \
  } while (false)
#define EXPECT_ERROR(answer, wanted) EXPECT_TAG(answer, wanted)

// ---- Clients.

/// One process at one port.
class Client {
 public:
  Client(paper::ProcessPtr process, paper::PortPtr port)
      : process_(std::move(process)), port_(std::move(port)) {}

  paper::Process& process() const { return *process_; }
  const paper::ProcessPtr& process_ptr() const { return process_; }
  const paper::PortPtr& port() const { return port_; }
  /// Another process at the same port.
  Client other() const { return {paper::Emulator::get().spawn(), port_}; }

  /// One request and its immediate answer.
  Answer ask(Operation operation, const std::string& data = "") const;
  std::optional<std::string> ask_raw(std::uint32_t operation, std::string_view data) const {
    return port_->control(*process_, operation, data);
  }
  /// The next message.
  Answer receive() const;
  /// As Erlang does it: waits for its turn, and for what is pending.
  Answer run(Operation operation, const std::string& data = "") const;
  /// The answer, once it is there.
  Answer settle(const Answer& answer) const;

  Answer call(std::string_view function, const Values& arguments = {}) const {
    return run(Operation::kCall, call_request(function, arguments));
  }
  /// Does not wait for its turn. What is expected to end at once may still be pending: the system may
  /// have taken the thread away for longer than the budget.
  Answer try_call(std::string_view function, const Values& arguments = {}) const {
    return settle(start(function, arguments));
  }
  /// Does not wait at all.
  Answer start(std::string_view function, const Values& arguments = {}) const {
    return ask(Operation::kCall, call_request(function, arguments));
  }
  Answer answer(const Values& results) const { return run(Operation::kAnswer, encode(results)); }
  /// What COUNTERS or INFO answers.
  std::map<std::string, std::uint64_t> numbers(Operation operation) const;
  std::map<std::string, std::uint64_t> counters() const { return numbers(Operation::kCounters); }
  std::uint64_t counter(const std::string& name) const { return counters()[name]; }

  void kill() const { paper::Emulator::get().kill(process_); }
  void close() const { port_->close(); }

 private:
  paper::ProcessPtr process_;
  paper::PortPtr port_;
};

/// Whether the tests run once more, with compiled code.
bool is_compiled();
std::string fixture(const std::string& name);
/// Never compiled, which cannot be padded().
std::string plain_fixture(const std::string& name);
/// The same module with a custom section behind it, to make it larger.
std::string padded(const std::string& module, std::size_t size);

/// The driver is loaded while a test runs; at its end nothing may be left.
class DriverTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Client open() const;
  Client load(const std::string& module) const;
  /// A process with an instance of the fixture.
  Client instance(const std::string& name = "driver_guest") const;
  /// Waits until so many instances live.
  void wait_for_instances(std::uint64_t number) const;
  /// Waits until the counter says so.
  static void wait_for_counter(const Client& client, const std::string& name,
                               std::uint64_t at_least);

  int schedulers_ = 3;
};

}  // namespace hb::beamr::driver::test
