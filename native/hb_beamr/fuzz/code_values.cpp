// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Values: code that leaves one value on the operand stack.
#include <algorithm>

#include "code.hpp"
#include "code_generator.hpp"
#include "instructions.hpp"

namespace hb::beamr::fuzz {
namespace {

bool is_number(Type type) { return type != kFuncref && type != kExternref && type != kExnref; }

}  // namespace

void Code::memory_argument(std::uint8_t max_align) {
  out_.leb(in_.below(max_align + 1U));
  const std::uint64_t offset = in_.one_in(4) ? in_.take<std::uint64_t>() : in_.byte();
  out_.leb(plan_.memory->is_64 ? offset : offset & UINT32_MAX);
}

void Code::address(Type type, int depth) {
  if (in_.one_in(3)) return value(type, depth);
  out_.op({type == kI32 ? 0x41 : 0x42}).signed_leb(in_.byte());
}

std::optional<std::size_t> Code::function_table() {
  for (std::size_t i = 0; i < plan_.tables.size(); ++i) {
    if (plan_.tables[i].element == kFuncref) return i;
  }
  return std::nullopt;
}

void Code::call(std::size_t function, bool is_indirect, int depth) {
  for (const Type param : plan_.type_of(function).params) value(param, depth);
  const std::optional<std::size_t> table = function_table();
  if (!is_indirect || !table) {
    out_.op({0x10}).leb(function);
    return;
  }
  address(plan_.tables[*table].limits.address(), depth);
  out_.op({0x11}).leb(plan_.functions[function]).leb(*table);
}

Type Code::any_type() {
  constexpr Type kTypes[] = {kI32, kI64, kF32, kF64, kFuncref, kExternref};
  return kTypes[in_.below(std::size(kTypes))];
}

void Code::value(Type type, int depth) {
  if (is_enough(depth)) {
    append_constant(type);
    return;
  }
  ++depth;
  bool is_done = true;
  switch (in_.below(12)) {
    case 1:
      is_done = get(0x20, locals_, [&](Type local) { return local == type; });
      break;
    case 2:
      is_done = get(0x23, plan_.globals, [&](const Global& global) { return global.type == type; });
      break;
    case 3:
      is_done = load(type, depth);
      break;
    case 4:
      is_done = call_for(type, depth);
      break;
    case 5:
      select(type, depth);
      break;
    case 6:
      block_for(type, depth);
      break;
    case 7:
      is_done = query(type, depth);
      break;
    case 8:
      if (in_.one_in(8)) {
        leave(depth);
      } else {
        is_done = tee(type, depth);
      }
      break;
    case 9:
    case 10:
    case 11:
      if (is_number(type)) {
        operation(type, depth);
      } else {
        is_done = get_from_table(type, depth);
      }
      break;
    default:
      is_done = false;
      break;
  }
  if (!is_done) append_constant(type);
}

void Code::append_constant(Type type) {
  const Bytes code = constant(plan_, type, in_);
  out_.insert(out_.end(), code.begin(), code.end() - 1);
}

bool Code::tee(Type type, int depth) {
  if (std::find(locals_.begin(), locals_.end(), type) == locals_.end()) return false;
  value(type, depth);
  return get(0x22, locals_, [&](Type local) { return local == type; });
}

bool Code::load(Type type, int depth) {
  if (!plan_.memory || !is_number(type)) return false;
  const Access* how = pick<Access>(kLoads, [&](const Access& load) { return load.type == type; });
  address(plan_.memory->address(), depth);
  out_.op({how->code});
  memory_argument(how->max_align);
  return true;
}

bool Code::call_for(Type type, int depth) {
  if (plan_.functions.empty()) return false;
  const std::size_t function = in_.below(plan_.functions.size());
  const std::vector<Type>& results = plan_.type_of(function).results;
  if (results.empty() || results.front() != type) return false;
  call(function, in_.one_in(3), depth);
  for (std::size_t left = results.size() - 1; left > 0; --left) out_.op({0x1A});
  return true;
}

void Code::select(Type type, int depth) {
  value(type, depth);
  value(type, depth);
  value(kI32, depth);
  if (is_number(type) && in_.one_in(2)) {
    out_.op({0x1B});
  } else {
    out_.op({0x1C, 1, type});
  }
}

void Code::block_for(Type type, int depth) {
  const int how = static_cast<int>(in_.below(3));
  if (how == 2) value(kI32, depth);
  out_.op({0x02 + how, type});
  labels_.push_back(how == 1 ? std::vector<Type>() : std::vector<Type>{type});
  statements(depth);
  value(type, depth);
  if (how == 2) {
    out_.op({0x05});
    statements(depth);
    value(type, depth);
  }
  labels_.pop_back();
  out_.op({0x0B});
}

bool Code::query(Type type, int depth) {
  const bool grows = in_.one_in(2);
  if (plan_.memory && plan_.memory->address() == type && in_.one_in(2)) {
    if (grows) address(type, depth);
    out_.op({grows ? 0x40 : 0x3F, 0});
    return true;
  }
  if (!plan_.tables.empty()) {
    const std::size_t table = in_.below(plan_.tables.size());
    if (plan_.tables[table].limits.address() == type) {
      if (grows) {
        value(plan_.tables[table].element, depth);
        address(type, depth);
      }
      out_.op({0xFC, grows ? 0x0F : 0x10}).leb(table);
      return true;
    }
  }
  if (type != kI32) return false;
  value(grows ? kFuncref : kExternref, depth);
  out_.op({0xD1});
  return true;
}

bool Code::get_from_table(Type type, int depth) {
  const auto suits = [&](const Table& table) { return table.element == type; };
  const Table* table = pick(std::span<const Table>(plan_.tables), suits);
  if (table == nullptr) return false;
  address(table->limits.address(), depth);
  out_.op({0x25}).leb(static_cast<std::size_t>(table - plan_.tables.data()));
  return true;
}

void Code::operation(Type type, int depth) {
  const bool saturates = (type == kI32 || type == kI64) && in_.one_in(8);
  const auto all = saturates ? std::span<const Operators>(kSaturating) : kOperators;
  const Operators* some = pick(all, [&](const Operators& operators) {
    const bool reinterprets = operators.first == 0xBC || operators.first == 0xBD;
    return operators.result == type && (plan_.tells_nans_apart || !reinterprets);
  });
  for (std::uint8_t left = some->operands; left > 0; --left) value(some->operand, depth);
  if (saturates) out_.op({0xFC});
  int code = some->first + static_cast<int>(in_.below(1U + some->last - some->first));
  const bool is_copysign = code == 0x98 || code == 0xA6;
  if (is_copysign && !plan_.tells_nans_apart) --code;
  out_.op({code});
}

}  // namespace hb::beamr::fuzz
