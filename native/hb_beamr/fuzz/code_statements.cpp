// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Statements: code that leaves the operand stack as it is.
#include <algorithm>

#include "code.hpp"
#include "instructions.hpp"

namespace hb::beamr::fuzz {

Bytes Code::body() {
  constexpr Type kTypes[] = {kI32, kI64, kF32, kF64, kFuncref, kExternref, kExnref};
  const std::size_t num_types = std::size(kTypes) - (plan_.has_exceptions ? 0 : 1);
  Items declared;
  for (std::size_t left = in_.below(5); left > 0; --left) {
    const Type local = kTypes[in_.below(num_types)];
    const std::size_t number = 1 + in_.below(3);
    declared.add().leb(number).op({local});
    locals_.insert(locals_.end(), number, local);
  }
  labels_.push_back(type_.results);
  statements(0);
  for (const Type result : type_.results) value(result, 1);
  out_.op({0x0B});
  return Bytes().leb(declared.count).raw(declared.bytes).raw(out_);
}

void Code::statements(int depth) {
  for (std::size_t left = is_enough(depth) ? 0 : in_.below(6); left > 0; --left) {
    statement(depth + 1);
  }
}

void Code::statement(int depth) {
  if (is_enough(depth)) return;
  if (plan_.has_exceptions && in_.one_in(4)) {
    switch (in_.below(4)) {
      case 0:
        return throw_exception(depth);
      case 1:
        return try_table(depth);
      default:
        return try_block(depth);
    }
  }
  switch (in_.below(20)) {
    case 0:
      return drop_value(depth);
    case 1:
      return set_local(depth);
    case 2:
      return set_global(depth);
    case 3:
    case 4:
      return store(depth);
    case 5:
      return bulk_memory(depth);
    case 6:
    case 7:
      return tables(depth);
    case 8:
    case 9:
      return block(depth);
    case 10:
    case 11:
      return call_and_drop(depth, false);
    case 12:
      return call_and_drop(depth, true);
    case 13:
      return branch_if(depth);
    case 14:
      return in_.one_in(4) ? leave(depth) : branch_if(depth);
    case 15:
      return counted_loop(depth);
    case 16:
      out_.op({0x01});  // nop
      return;
    case 17:
      return drop_segment();
    default:
      return drop_value(depth);
  }
}

void Code::drop_value(int depth) {
  value(any_type(), depth);
  out_.op({0x1A});
}

void Code::set_local(int depth) {
  if (locals_.empty()) return;
  const std::size_t local = in_.below(locals_.size());
  value(locals_[local], depth);
  out_.op({0x21}).leb(local);
}

void Code::set_global(int depth) {
  if (plan_.globals.empty()) return;
  const std::size_t global = in_.below(plan_.globals.size());
  if (!plan_.globals[global].is_mutable) return;
  value(plan_.globals[global].type, depth);
  out_.op({0x24}).leb(global);
}

void Code::store(int depth) {
  if (!plan_.memory) return;
  const Access& store = kStores[in_.below(std::size(kStores))];
  const bool is_float = store.type == kF32 || store.type == kF64;
  if (is_float && !plan_.tells_nans_apart) return;
  address(plan_.memory->address(), depth);
  value(store.type, depth);
  out_.op({store.code});
  memory_argument(store.max_align);
}

void Code::bulk_memory(int depth) {
  if (!plan_.memory) return;
  const Type at = plan_.memory->address();
  address(at, depth);
  switch (in_.below(3)) {
    case 0:
      value(kI32, depth);
      address(at, depth);
      out_.op({0xFC, 0x0B, 0});  // memory.fill
      return;
    case 1:
      address(at, depth);
      address(at, depth);
      out_.op({0xFC, 0x0A, 0, 0});  // memory.copy
      return;
    default:
      if (plan_.data_segments == 0) {
        out_.op({0x1A});
        return;
      }
      address(kI32, depth);
      address(kI32, depth);
      out_.op({0xFC, 0x08}).leb(in_.below(plan_.data_segments)).op({0});  // memory.init
  }
}

void Code::drop_segment() {
  if (in_.one_in(2) && plan_.data_segments > 0) {
    out_.op({0xFC, 0x09}).leb(in_.below(plan_.data_segments));
  } else if (!plan_.element_segments.empty()) {
    out_.op({0xFC, 0x0D}).leb(in_.below(plan_.element_segments.size()));
  }
}

void Code::tables(int depth) {
  if (plan_.tables.empty()) return;
  const std::size_t to = in_.below(plan_.tables.size());
  const Table& table = plan_.tables[to];
  const Type at = table.limits.address();
  address(at, depth);
  switch (in_.below(4)) {
    case 0:
      value(table.element, depth);
      out_.op({0x26}).leb(to);  // table.set
      return;
    case 1:
      value(table.element, depth);
      address(at, depth);
      out_.op({0xFC, 0x11}).leb(to);  // table.fill
      return;
    case 2: {
      const std::size_t from = in_.below(plan_.tables.size());
      if (plan_.tables[from].element != table.element) break;
      const Type from_at = plan_.tables[from].limits.address();
      address(from_at, depth);
      address(at == kI64 && from_at == kI64 ? kI64 : kI32, depth);
      out_.op({0xFC, 0x0E}).leb(to).leb(from);  // table.copy
      return;
    }
    default: {
      const std::size_t segment = in_.below(plan_.element_segments.size());
      if (plan_.element_segments.empty() || plan_.element_segments[segment] != table.element) {
        break;
      }
      address(kI32, depth);
      address(kI32, depth);
      out_.op({0xFC, 0x0C}).leb(segment).leb(to);  // table.init
      return;
    }
  }
  out_.op({0x1A});
}

void Code::block(int depth) {
  const std::size_t index = in_.below(plan_.types.size());
  const FunctionType& type = plan_.types[index];
  for (const Type param : type.params) value(param, depth);
  const std::size_t how = in_.below(3);
  if (how == 2) value(kI32, depth);
  out_.op({0x02 + static_cast<int>(how)}).signed_leb(static_cast<std::int64_t>(index));
  labels_.push_back(how == 1 ? type.params : type.results);
  arm(type, depth);
  if (how == 2) {
    out_.op({0x05});
    arm(type, depth);
  }
  labels_.pop_back();
  out_.op({0x0B});
  drop(type.results);
}

void Code::arm(const FunctionType& type, int depth) {
  drop(type.params);
  statements(depth);
  for (const Type result : type.results) value(result, depth + 1);
}

void Code::drop(const std::vector<Type>& types) {
  for (std::size_t left = types.size(); left > 0; --left) out_.op({0x1A});
}

void Code::counted_loop(int depth) {
  const auto counter = std::find(locals_.begin(), locals_.end(), kI32);
  if (counter == locals_.end()) return;
  const auto local = static_cast<std::uint64_t>(counter - locals_.begin());
  out_.op({0x03, 0x40});  // loop
  labels_.emplace_back();
  statements(depth);
  labels_.pop_back();
  out_.op({0x20}).leb(local).op({0x41, 1, 0x6A, 0x22}).leb(local);  // local + 1
  out_.op({0x41}).signed_leb(in_.byte() % 60).op({0x49, 0x0D, 0, 0x0B});
}

void Code::try_block(int depth) {
  const std::size_t index = in_.below(plan_.types.size());
  const FunctionType& type = plan_.types[index];
  for (const Type param : type.params) value(param, depth);
  out_.op({0x06}).signed_leb(static_cast<std::int64_t>(index));
  labels_.push_back(type.results);
  arm(type, depth);
  if (in_.one_in(4)) {
    labels_.pop_back();
    out_.op({0x18}).leb(in_.below(labels_.size()));  // delegate
    drop(type.results);
    return;
  }
  for (std::size_t left = plan_.tags.empty() ? 0 : in_.below(4); left > 0; --left) {
    const std::size_t tag = in_.below(plan_.tags.size());
    out_.op({0x07}).leb(tag);
    drop(plan_.types[plan_.tags[tag]].params);
    handler(depth);
    for (const Type result : type.results) value(result, depth + 1);
  }
  if (in_.one_in(2)) {
    out_.op({0x19});  // catch_all
    handler(depth);
    for (const Type result : type.results) value(result, depth + 1);
  }
  labels_.pop_back();
  out_.op({0x0B});
  drop(type.results);
}

void Code::handler(int depth) {
  statements(depth);
  if (in_.one_in(3)) out_.op({0x09, 0});  // rethrow what this one caught
}

void Code::try_table(int depth) {
  out_.op({0x02, kExnref});
  labels_.push_back({kExnref});
  out_.op({0x1F, 0x40});
  Items clauses;
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    for (std::size_t tag = 0; tag < plan_.tags.size(); ++tag) {
      if (label_types(label) == plan_.types[plan_.tags[tag]].params && in_.one_in(2)) {
        clauses.add().op({0}).leb(tag).leb(label);
      }
    }
    if (label_types(label).empty() && in_.one_in(8)) clauses.add().op({2}).leb(label);
  }
  if (!in_.one_in(4)) clauses.add().op({3, 0});  // catch_all_ref
  out_.leb(clauses.count).raw(clauses.bytes);
  labels_.emplace_back();
  statements(depth);
  labels_.pop_back();
  out_.op({0x0B});
  value(kExnref, depth + 1);
  labels_.pop_back();
  out_.op({0x0B});
  switch (in_.below(3)) {
    case 0:
      out_.op({0x1A});
      return;
    case 1:
      out_.op({0xD1, 0x1A});  // ref.is_null
      return;
    default:
      out_.op({0x0A});  // throw_ref
      return;
  }
}

void Code::throw_exception(int depth) {
  if (plan_.tags.empty()) return;
  const std::size_t tag = in_.below(plan_.tags.size());
  for (const Type type : plan_.types[plan_.tags[tag]].params) value(type, depth);
  out_.op({0x08}).leb(tag);
}

void Code::branch_if(int depth) {
  const std::size_t label = in_.below(labels_.size());
  const std::vector<Type> types = label_types(label);
  for (const Type type : types) value(type, depth);
  value(kI32, depth);
  out_.op({0x0D}).leb(label);
  drop(types);
}

const std::vector<Type>& Code::label_types(std::size_t label) const {
  return labels_[labels_.size() - 1 - label];
}

void Code::leave(int depth) {
  const std::size_t label = in_.below(labels_.size());
  switch (in_.below(6)) {
    case 0:
      out_.op({0x00});  // unreachable
      return;
    case 1:
      for (const Type result : type_.results) value(result, depth);
      out_.op({0x0F});  // return
      return;
    case 2: {
      const std::vector<Type> types = label_types(label);
      for (const Type type : types) value(type, depth);
      value(kI32, depth);
      Items labels;
      for (std::size_t other = 0; other < labels_.size(); ++other) {
        if (label_types(other) == types && in_.one_in(2)) labels.add().leb(other);
      }
      out_.op({0x0E}).leb(labels.count).raw(labels.bytes).leb(label);  // br_table
      return;
    }
    case 3:
      return tail_call(depth);
    default: {
      const std::vector<Type> types = label_types(label);
      for (const Type type : types) value(type, depth);
      out_.op({0x0C}).leb(label);
      return;
    }
  }
}

void Code::tail_call(int depth) {
  const std::size_t function = in_.below(plan_.functions.size());
  const FunctionType& type = plan_.type_of(function);
  if (type.results != type_.results) {
    out_.op({0x00});
    return;
  }
  for (const Type param : type.params) value(param, depth);
  const std::optional<std::size_t> table = function_table();
  if (!table || in_.one_in(2)) {
    out_.op({0x12}).leb(function);  // return_call
    return;
  }
  address(plan_.tables[*table].limits.address(), depth);
  out_.op({0x13}).leb(plan_.functions[function]).leb(*table);  // return_call_indirect
}

void Code::call_and_drop(int depth, bool is_indirect) {
  if (plan_.functions.empty()) return;
  const std::size_t function = in_.below(plan_.functions.size());
  call(function, is_indirect, depth);
  drop(plan_.type_of(function).results);
}

}  // namespace hb::beamr::fuzz
