// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// One function body in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "input.hpp"
#include "module_plan.hpp"

namespace hb::beamr::fuzz {

/// A value is code that leaves one value of a type on the operand stack, a statement code that leaves
/// nothing. Either may also never end: what follows a branch is still typed. Without input left a value
/// is a constant and a statement is empty.
class Code {
 public:
  Code(const ModulePlan& plan, const FunctionType& type, Input& in)
      : plan_(plan), type_(type), in_(in), locals_(type.params) {}

  /// With its locals and end.
  Bytes body();

 private:
  static constexpr int kMaxDepth = 6;
  static constexpr std::size_t kMaxBytes = 4096;

  bool is_enough(int depth) const {
    return depth > kMaxDepth || in_.at_end() || out_.size() > kMaxBytes;
  }

  void statements(int depth);
  void statement(int depth);
  void drop_value(int depth);
  void set_local(int depth);
  void set_global(int depth);
  void store(int depth);
  void bulk_memory(int depth);
  void drop_segment();
  void tables(int depth);
  /// A block, loop or if whose type has parameters and results.
  void block(int depth);
  void arm(const FunctionType& type, int depth);
  void drop(const std::vector<Type>& types);
  /// Runs some times, most often: a loop by chance ends at once or never.
  void counted_loop(int depth);
  /// Of the legacy kind, with handlers of all sorts.
  void try_block(int depth);
  void handler(int depth);
  /// Its exception is dropped, looked at or thrown again.
  void try_table(int depth);
  void throw_exception(int depth);
  void branch_if(int depth);
  /// What a branch takes along; `label` counts from the innermost.
  const std::vector<Type>& label_types(std::size_t label) const;
  /// Code that never ends normally.
  void leave(int depth);
  void tail_call(int depth);
  void call_and_drop(int depth, bool is_indirect);

  void memory_argument(std::uint8_t max_align);
  /// Most often a small number, so that something is there.
  void address(Type type, int depth);
  std::optional<std::size_t> function_table();
  void call(std::size_t function, bool is_indirect, int depth);
  Type any_type();
  void value(Type type, int depth);
  void append_constant(Type type);
  bool tee(Type type, int depth);
  bool load(Type type, int depth);
  /// Of a call only the first result is wanted: it lies below the others.
  bool call_for(Type type, int depth);
  void select(Type type, int depth);
  void block_for(Type type, int depth);
  /// Sizes, growth and null tests.
  bool query(Type type, int depth);
  bool get_from_table(Type type, int depth);
  void operation(Type type, int depth);

  /// Any of those that suit, or nullptr.
  template <typename Item, typename Suits>
  const Item* pick(std::span<const Item> items, Suits suits) {
    const std::size_t start = in_.below(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item& item = items[(start + i) % items.size()];
      if (suits(item)) return &item;
    }
    return nullptr;
  }
  /// The instruction for one of those that suit; false if there is none.
  template <typename Item, typename Suits>
  bool get(int code, const std::vector<Item>& items, Suits suits) {
    const Item* item = pick(std::span<const Item>(items), suits);
    if (item == nullptr) return false;
    out_.op({code}).leb(static_cast<std::size_t>(item - items.data()));
    return true;
  }

  const ModulePlan& plan_;
  const FunctionType& type_;
  Input& in_;
  std::vector<Type> locals_;
  std::vector<std::vector<Type>> labels_;  // the types that a branch there takes along
  Bytes out_;
};

}  // namespace hb::beamr::fuzz
