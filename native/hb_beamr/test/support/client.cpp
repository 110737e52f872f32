// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "client.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace hb::beamr::driver::test {

namespace {

/// Larger ones are loaded by a command.
constexpr std::size_t kLargeModule = 2 << 20;

template <typename Integer>
Integer take(std::string_view& text) {
  Integer value{};
  if (text.size() < sizeof value) {
    ADD_FAILURE() << "an answer is too short";
    text = {};
    return value;
  }
  std::memcpy(&value, text.data(), sizeof value);
  text.remove_prefix(sizeof value);
  return value;
}

Values take_values(std::string_view text) {
  Values values;
  while (!text.empty()) {
    const auto kind = take<ValueKind>(text);
    const auto bits = take<std::uint64_t>(text);
    values.push_back({kind, bits, kind == ValueKind::kV128 ? take<std::uint64_t>(text) : 0});
  }
  return values;
}

template <typename Condition>
void wait_until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + paper::kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "waited in vain";
      std::abort();
    }
    std::this_thread::yield();
  }
}

}  // namespace

std::string encode(const Values& values) {
  std::string text;
  for (const Value& value : values) text += value.encoded();
  return text;
}

std::string call_request(std::string_view function, const Values& arguments) {
  const std::string values = encode(arguments);
  return u32(static_cast<std::uint32_t>(values.size())) + values + std::string(function);
}

Answer decode(std::string_view text) {
  Answer answer;
  answer.tag = take<Tag>(text);
  switch (answer.tag) {
    case Tag::kCompleted:
      answer.values = take_values(text);
      break;
    case Tag::kImport:
      answer.position = take<std::uint32_t>(text);
      answer.id = take<std::uint64_t>(text);
      answer.values = take_values(text);
      break;
    case Tag::kError:
      answer.code = take<ErrorCode>(text);
      answer.text = text;
      break;
    case Tag::kOk:
      answer.text = text;
      break;
    case Tag::kDelivery:
      answer.id = take<std::uint64_t>(text);
      answer.operation = Operation{take<std::uint8_t>(text)};
      answer.text = text;
      break;
    case Tag::kTrapped: {  // an error with details
      answer.tag = Tag::kError;
      answer.code = take<ErrorCode>(text);
      text.remove_prefix(take<std::uint8_t>(text));
      const auto size = take<std::uint16_t>(text);
      answer.text = "Exception: " + std::string(text.substr(0, size));
      break;
    }
    case Tag::kDelivered:
      answer.id = take<std::uint64_t>(text);
      break;
    case Tag::kPending:
    case Tag::kQueued:
    case Tag::kTurn:
      EXPECT_TRUE(text.empty()) << "an answer is too long";
      break;
    default:
      ADD_FAILURE() << "unknown answer " << static_cast<int>(answer.tag);
  }
  return answer;
}

void PrintTo(const Answer& answer, std::ostream* out) {
  *out << "{tag " << static_cast<int>(answer.tag) << ", code " << static_cast<int>(answer.code)
       << ", \"" << answer.text << "\", " << answer.values.size() << " values}";
}

Answer Client::ask(Operation operation, const std::string& data) const {
  const std::optional<std::string> answer = ask_raw(static_cast<std::uint32_t>(operation), data);
  if (answer.has_value()) return decode(*answer);
  ADD_FAILURE() << "the port is closed";
  return {};
}

Answer Client::receive() const {
  const std::optional<std::string> message = process_->receive(*port_);
  if (message.has_value()) return decode(*message);
  ADD_FAILURE() << "the port closed";
  return {};
}

Answer Client::settle(const Answer& answer) const {
  if (!answer.is(Tag::kPending)) return answer;
  Answer settled = receive();
  while (settled.is(Tag::kTurn) || settled.is(Tag::kDelivery)) settled = receive();
  return settled;
}

Answer Client::run(Operation operation, const std::string& data) const {
  for (;;) {
    const Answer answer = settle(ask(operation, data));
    if (answer.is(Tag::kDelivered)) continue;  // this answer all the same
    if (!answer.is(Tag::kQueued)) return answer;
    EXPECT_TAG(receive(), Tag::kTurn);
  }
}

std::map<std::string, std::uint64_t> Client::numbers(Operation operation) const {
  std::map<std::string, std::uint64_t> counters;
  const Answer answer = ask(operation);
  std::string_view text = answer.text;
  while (!text.empty()) {
    const auto size = take<std::uint8_t>(text);
    const std::string name(text.substr(0, size));
    text.remove_prefix(size);
    counters[name] = take<std::uint64_t>(text);
  }
  return counters;
}

namespace {

std::string fixture_file(const std::string& name, const char* form) {
  std::ifstream file(std::string(HB_BEAMR_FIXTURE_DIR) + "/" + name + form, std::ios::binary);
  EXPECT_TRUE(file) << "no fixture " << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

bool is_compiled() { return std::getenv("HB_BEAMR_TEST_COMPILED") != nullptr; }

std::string fixture(const std::string& name) {
  return fixture_file(name, is_compiled() ? ".aot" : ".wasm");
}

std::string plain_fixture(const std::string& name) { return fixture_file(name, ".wasm"); }

std::string padded(const std::string& module, std::size_t size) {
  std::string section(1, '\0');
  for (std::size_t rest = size; rest > 0; rest >>= 7) {
    section += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
  }
  std::string content(size, 'x');
  content[0] = 0;  // a name without characters
  return module + section + content;
}

void DriverTest::SetUp() { ASSERT_TRUE(paper::Emulator::get().load(schedulers_)); }

void DriverTest::TearDown() {
  paper::Emulator& emulator = paper::Emulator::get();
  emulator.fail_binaries_from(SIZE_MAX);
  emulator.let_go();
  emulator.close_ports();
  wait_for_instances(0);
  emulator.unload();
  EXPECT_EQ(emulator.live_threads(), 0);
  EXPECT_EQ(emulator.live_binaries(), 0);
}

Client DriverTest::open() const {
  paper::Emulator& emulator = paper::Emulator::get();
  paper::PortPtr port = emulator.open();
  if (port == nullptr) std::abort();
  return {emulator.spawn(), std::move(port)};
}

Client DriverTest::load(const std::string& module) const {
  Client client = open();
  if (module.size() <= kLargeModule) {
    EXPECT_TAG(client.run(Operation::kLoad, module), Tag::kOk);
    return client;
  }
  EXPECT_TRUE(client.port()->command(client.process(), {"\x01", module}));
  EXPECT_TAG(client.receive(), Tag::kOk);
  return client;
}

Client DriverTest::instance(const std::string& name) const {
  Client client = load(fixture(name));
  EXPECT_COMPLETED(client.run(Operation::kInstantiate, u32(0)));
  return client;
}

void DriverTest::wait_for_instances(std::uint64_t number) const {
  const Client watcher = open();
  wait_until([&] { return watcher.counter("instances") == number; });
  watcher.close();
}

void DriverTest::wait_for_counter(const Client& client, const std::string& name,
                                  std::uint64_t at_least) {
  wait_until([&] { return client.counter(name) >= at_least; });
}

}  // namespace hb::beamr::driver::test
