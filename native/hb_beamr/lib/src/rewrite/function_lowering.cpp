// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "rewrite/function_lowering.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewrite/instruction.hpp"
#include "rewrite/opcodes.hpp"
#include "section.hpp"

namespace hb::beamr {
namespace {

constexpr std::uint64_t kMaxLocals = 50'000;

/// What the lowering of a function has to know before it begins.
struct Survey {
  bool needs_lowering = false;
  std::vector<bool> is_rethrown;  ///< by try, in the order in which they begin
};

bool is_call(std::uint32_t code) noexcept { return code == kOpCall || code == kOpCallIndirect; }

bool opens_block(std::uint32_t code) noexcept {
  return code == kOpBlock || code == kOpLoop || code == kOpIf || code == kOpTry ||
         code == kOpTryTable;
}

/// Where the exception that a catch caught is kept for `rethrow`.
struct Saved {
  std::uint32_t local;
  std::uint32_t global;
};

struct Frame {
  enum class Part : std::uint8_t { kBlock, kBody, kCatch, kCatchAll, kTable };

  Part part = Part::kBlock;
  std::uint32_t label = 0;          ///< where branches to it go, counted from outside
  std::uint32_t handler = 0;        ///< of what stands in it now, counted likewise
  std::uint32_t outer_handler = 0;  ///< of what stands around it
  std::uint32_t try_number = 0;
  std::vector<Saved> saved{};
  std::size_t clauses = 0;  ///< of a try_table: their offset in the code
  std::uint32_t num_clauses = 0;
};

class FunctionLowering {
 public:
  FunctionLowering(const Lowering& lowering, const FunctionType& type, std::size_t begin,
                   std::size_t size)
      : lowering_(lowering),
        type_(type),
        begin_(begin),
        body_(lowering.bytes.subspan(begin, size)) {}

  Status run(ByteWriter& code, OffsetMap& offsets);

 private:
  Status read_locals();
  Result<Survey> survey() const;
  Status lower(std::size_t max_size);
  void lower_one(const Instruction& instruction);
  bool lower_exnref(const Instruction& instruction);
  void copy(const Instruction& instruction);

  void begin_block(const Instruction& instruction);
  void begin_try(const Instruction& instruction, Frame::Part part);
  void begin_catch(const Instruction& instruction);
  void end_block();
  void end_function();
  void end_try_table(const Frame& frame);
  void end_delegate(const Instruction& instruction);
  void put_throw(std::uint32_t tag);
  void put_rethrow(const Frame& caught);
  void put_throw_ref();
  void put_select(wasm_valkind_t kind);
  void put_branch_table(const Instruction& instruction);
  void put_local(std::uint32_t code, std::uint32_t local);

  // Pieces of code.
  void open(std::uint8_t code, const BlockType& type);
  void close() {
    out_.push_back(kOpEnd);
    --depth_;
  }
  void put_branch(std::uint32_t label) { out_.op({kOpBr}).leb(depth_ - 1 - label); }
  void put_check();
  void get_global(std::uint32_t global) { out_.op({kOpGlobalGet}).leb(global); }
  void set_global(std::uint32_t global) { out_.op({kOpGlobalSet}).leb(global); }
  void set_pending(std::int32_t value) {
    out_.op({kOpI32Const}).signed_leb(value);
    set_global(lowering_.layout.pending());
  }
  void open_if_pending(std::uint32_t tag) {
    get_global(lowering_.layout.pending());
    out_.op({kOpI32Const}).signed_leb(lowering_.layout.pending_value(tag)).op({kOpI32Eq});
    open(kOpIf, {});
  }
  void push_payload(std::uint32_t tag) {
    for (const auto& slot : lowering_.layout.payload(tag)) get_global(slot.global);
  }
  void push_exnref() {
    for (const auto& slot : lowering_.layout.slots()) get_global(slot.global);
    get_global(lowering_.layout.pending());
  }

  std::uint32_t label_of(std::uint32_t depth) const noexcept {
    return frames_[frames_.size() - 1 - depth].label;
  }
  std::uint32_t handler() const noexcept { return frames_.back().handler; }
  BlockType block_type(const Instruction& instruction);
  std::uint32_t width(wasm_valkind_t kind) const noexcept { return lowering_.types.width(kind); }
  std::uint32_t new_local(wasm_valkind_t kind);
  bool has_exnref_operand(const Instruction& instruction) const noexcept {
    return std::binary_search(lowering_.exnref_operands.begin(), lowering_.exnref_operands.end(),
                              begin_ + code_begin_ + instruction.begin);
  }
  std::span<const std::uint8_t> code_bytes() const noexcept { return body_.subspan(code_begin_); }
  Error unknown(std::size_t position) const;

  const Lowering& lowering_;
  const FunctionType& type_;
  std::size_t begin_;
  std::span<const std::uint8_t> body_;
  std::size_t code_begin_ = 0;  // in body_: behind the locals

  std::vector<std::pair<std::uint32_t, wasm_valkind_t>> declared_;  // locals: number, type
  bool has_exnref_locals_ = false;
  std::vector<std::uint32_t> local_numbers_;  // with exnref locals: new number of each
  std::vector<wasm_valkind_t> local_kinds_;   // likewise
  std::uint64_t num_locals_ = 0;              // lowered, parameters included
  std::vector<wasm_valkind_t> new_locals_;

  std::vector<bool> is_rethrown_;
  std::vector<Frame> frames_;
  std::uint32_t depth_ = 0;  // open blocks of the lowered code, the function's own included
  std::uint32_t num_tries_ = 0;
  wasm_valkind_t single_result_ = WASM_I32;
  ByteWriter out_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> marks_;  // offset in out_, in the module
};

Error FunctionLowering::unknown(std::size_t position) const {
  std::array<char, 8> code{};
  std::snprintf(code.data(), code.size(), "0x%02X", unsigned{code_bytes()[position]});
  const std::size_t offset = begin_ + code_begin_ + position;
  return Error{Rc::kLoadFailed, "the lowering of exceptions does not know the instruction " +
                                    std::string(code.data()) + " (at offset " +
                                    std::to_string(offset) + ")"};
}

Status FunctionLowering::read_locals() {
  ByteCursor in(body_);
  std::uint64_t given = type_.params.size();
  for (std::uint32_t groups = in.u32(); groups > 0; --groups) {
    const std::uint32_t count = in.u32();
    const wasm_valkind_t kind = read_value_type(in);
    declared_.emplace_back(count, kind);
    given += count;
    num_locals_ += std::uint64_t{count} * width(kind);
    has_exnref_locals_ = has_exnref_locals_ || kind == HB_BEAMR_CAPI_LIB_EXNREF;
  }
  for (const wasm_valkind_t kind : type_.params) {
    num_locals_ += width(kind);
    has_exnref_locals_ = has_exnref_locals_ || kind == HB_BEAMR_CAPI_LIB_EXNREF;
  }
  if (in.failed() || given > UINT32_MAX) return Error{Rc::kInternal, "locals cannot be read"};
  code_begin_ = body_.size() - in.left();
  if (num_locals_ > kMaxLocals && has_exnref_locals_) {
    return Error{Rc::kLoadFailed, "the exceptions in the locals of a function take more than " +
                                      std::to_string(kMaxLocals) + " locals (at offset " +
                                      std::to_string(begin_) + ")"};
  }
  if (!has_exnref_locals_) return ok();
  std::uint32_t next = 0;
  const auto add = [&](wasm_valkind_t kind) {
    local_numbers_.push_back(next);
    local_kinds_.push_back(kind);
    next += width(kind);
  };
  for (const wasm_valkind_t kind : type_.params) add(kind);
  for (const auto& [count, kind] : declared_) {
    for (std::uint32_t i = 0; i < count; ++i) add(kind);
  }
  return ok();
}

Result<Survey> FunctionLowering::survey() const {
  constexpr std::uint32_t kNoTry = UINT32_MAX;
  Survey survey;
  survey.needs_lowering =
      lowering_.is_forced || lowering_.types.has_exnrefs() || has_exnref_locals_;
  std::vector<std::uint32_t> open_blocks{kNoTry};
  InstructionReader in(code_bytes());
  while (!in.at_end()) {
    const auto instruction = in.next();
    if (!instruction) return unknown(in.position());
    const std::uint32_t code = instruction->code;
    if (code == kOpTry) {
      open_blocks.push_back(static_cast<std::uint32_t>(survey.is_rethrown.size()));
      survey.is_rethrown.push_back(false);
    } else if (opens_block(code)) {
      open_blocks.push_back(kNoTry);
    } else if (code == kOpEnd || code == kOpDelegate) {
      open_blocks.pop_back();
    } else if (code == kOpRethrow) {
      survey.is_rethrown[open_blocks[open_blocks.size() - 1 - instruction->index]] = true;
    }
    // Exnrefs may come in without any of these: from `ref.null exn` or through the types of blocks.
    const bool is_exnref_type = instruction->end > instruction->immediates &&
                                (opens_block(code) || code == kOpRefNull) &&
                                (code_bytes()[instruction->end - 1] == kTypeExnref ||
                                 code_bytes()[instruction->end - 1] == kTypeNoexnref);
    survey.needs_lowering = survey.needs_lowering || is_call(code) || code == kOpThrow ||
                            code == kOpThrowRef || code == kOpTry || code == kOpTryTable ||
                            code == kOpSelectTyped || is_exnref_type;
  }
  return survey;
}

Status FunctionLowering::run(ByteWriter& code, OffsetMap& offsets) {
  if (Status read = read_locals(); !read) return read;
  Result<Survey> surveyed = survey();
  if (!surveyed) return surveyed.error();
  if (!surveyed->needs_lowering) {
    code.leb(body_.size());
    offsets.add(static_cast<std::uint32_t>(code.size()), static_cast<std::uint32_t>(begin_));
    code.raw(body_);
    return ok();
  }
  is_rethrown_ = std::move(surveyed->is_rethrown);
  if (Status lowered =
          lower(lowering_.max_code_size - std::min(lowering_.max_code_size, code.size()));
      !lowered) {
    return lowered;
  }

  // Groups of locals: an exnref is several, so a local of it is a group of each.
  std::uint32_t groups = 0;
  ByteWriter locals;
  const auto put_group = [&](std::uint32_t count, std::uint8_t type) {
    locals.leb(count).push_back(type);
    ++groups;
  };
  for (const auto& [count, kind] : declared_) {
    ByteWriter types;
    lowering_.types.put(kind, types);
    if (types.size() == 1) {
      put_group(count, types[0]);
      continue;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      for (const std::uint8_t type : types) put_group(1, type);
    }
  }
  for (const wasm_valkind_t kind : new_locals_) {
    ByteWriter types;
    lowering_.types.put(kind, types);
    for (const std::uint8_t type : types) put_group(1, type);
  }
  ByteWriter header;
  header.leb(groups).raw(locals);
  code.leb(header.size() + out_.size()).raw(header);
  const auto base = static_cast<std::uint32_t>(code.size());
  for (const auto& [lowered, original] : marks_) offsets.add(base + lowered, original);
  code.raw(out_);
  return ok();
}

Status FunctionLowering::lower(std::size_t max_size) {
  depth_ = 1;  // the function itself
  open(kOpBlock, {});
  frames_.push_back({.part = Frame::Part::kBlock, .label = 0, .handler = 1, .outer_handler = 1});
  InstructionReader in(code_bytes());
  while (!in.at_end()) {
    const auto instruction = in.next();
    if (!instruction) return unknown(in.position());
    if (frames_.empty()) break;  // not in valid code
    const auto original = static_cast<std::uint32_t>(begin_ + code_begin_ + instruction->begin);
    marks_.emplace_back(static_cast<std::uint32_t>(out_.size()), original);
    lower_one(*instruction);
    if (out_.size() > max_size || num_locals_ > kMaxLocals) {
      return Error{
          Rc::kLoadFailed,
          "exceptions without them would take too much code or too many locals (at offset " +
              std::to_string(original) + ")"};
    }
  }
  if (!frames_.empty() || !in.at_end()) {
    return Error{Rc::kInternal, "the function at offset " + std::to_string(begin_) +
                                    " does not end where its blocks do"};
  }
  return ok();
}

void FunctionLowering::lower_one(const Instruction& instruction) {
  switch (instruction.code) {
    case kOpBlock:
    case kOpLoop:
    case kOpIf:
      return begin_block(instruction);
    case kOpTry:
      return begin_try(instruction, Frame::Part::kBody);
    case kOpTryTable:
      return begin_try(instruction, Frame::Part::kTable);
    case kOpCatch:
    case kOpCatchAll:
      return begin_catch(instruction);
    case kOpEnd:
      return end_block();
    case kOpDelegate:
      return end_delegate(instruction);
    case kOpThrow:
      return put_throw(instruction.index);
    case kOpRethrow:
      return put_rethrow(frames_[frames_.size() - 1 - instruction.index]);
    case kOpThrowRef:
      return put_throw_ref();
    case kOpBr:
    case kOpBrIf:
      out_.op({static_cast<int>(instruction.code)}).leb(depth_ - 1 - label_of(instruction.index));
      return;
    case kOpBrTable:
      return put_branch_table(instruction);
    case kOpCall:
    case kOpCallIndirect:
      copy(instruction);
      return put_check();
    default:
      if (!lower_exnref(instruction)) copy(instruction);
      return;
  }
}

void FunctionLowering::copy(const Instruction& instruction) {
  out_.raw(instruction.bytes(code_bytes()));
}

/// What works on values of any type. False: not on an exnref here, nor on a local whose number changed.
bool FunctionLowering::lower_exnref(const Instruction& instruction) {
  const std::uint32_t exnref_width = width(HB_BEAMR_CAPI_LIB_EXNREF);
  switch (instruction.code) {
    case kOpLocalGet:
    case kOpLocalSet:
    case kOpLocalTee:
      if (!has_exnref_locals_) return false;
      put_local(instruction.code, instruction.index);
      return true;
    case kOpDrop:
      if (!has_exnref_operand(instruction)) return false;
      for (std::uint32_t i = 0; i < exnref_width; ++i) out_.push_back(kOpDrop);
      return true;
    case kOpRefIsNull: {
      if (!has_exnref_operand(instruction)) return false;
      const std::uint32_t tag = new_local(WASM_I32);
      out_.op({kOpLocalSet}).leb(tag);
      for (std::uint32_t i = 1; i < exnref_width; ++i) out_.push_back(kOpDrop);
      out_.op({kOpLocalGet}).leb(tag).op({kOpI32Eqz});
      return true;
    }
    case kOpRefNull: {
      ByteCursor in(code_bytes().subspan(instruction.immediates));
      if (read_value_type(in) != HB_BEAMR_CAPI_LIB_EXNREF) return false;
      lowering_.types.put_zero(HB_BEAMR_CAPI_LIB_EXNREF, out_);
      return true;
    }
    case kOpSelectTyped: {
      ByteCursor in(code_bytes().subspan(instruction.immediates));
      in.u32();  // 1
      const wasm_valkind_t kind = read_value_type(in);
      if (kind != HB_BEAMR_CAPI_LIB_EXNREF) return false;
      put_select(kind);
      return true;
    }
    default:
      return false;
  }
}

/// The type of a block; valid until the next one is asked for.
BlockType FunctionLowering::block_type(const Instruction& instruction) {
  ByteCursor in(code_bytes().subspan(instruction.immediates));
  ByteCursor ahead = in;
  const std::uint8_t code = ahead.byte();
  if (code == kTypeEmptyBlock) return {};
  // A negative number of one byte is a type, a positive number the index of one.
  if ((code & 0xC0U) != 0x40) {
    const FunctionType& type = lowering_.module.type(in.u32());
    return {type.params, type.results};
  }
  single_result_ = read_value_type(in);
  return {{}, {&single_result_, 1}};
}

std::uint32_t FunctionLowering::new_local(wasm_valkind_t kind) {
  const auto local = static_cast<std::uint32_t>(num_locals_);
  new_locals_.push_back(kind);
  num_locals_ += width(kind);
  return local;
}

void FunctionLowering::open(std::uint8_t code, const BlockType& type) {
  out_.push_back(code);
  lowering_.types.put_block_type(type, out_);
  ++depth_;
}

void FunctionLowering::put_check() {
  get_global(lowering_.layout.pending());
  out_.op({kOpBrIf}).leb(depth_ - 1 - handler());
}

void FunctionLowering::begin_block(const Instruction& instruction) {
  frames_.push_back({.part = Frame::Part::kBlock,
                     .label = depth_,
                     .handler = handler(),
                     .outer_handler = handler()});
  open(static_cast<std::uint8_t>(instruction.code), block_type(instruction));
}

void FunctionLowering::begin_try(const Instruction& instruction, Frame::Part part) {
  const BlockType type = block_type(instruction);
  Frame frame{.part = part, .label = depth_, .handler = depth_ + 1, .outer_handler = handler()};
  open(kOpBlock, type);
  open(kOpBlock, {type.params, {}});
  if (part == Frame::Part::kTable) {
    ByteCursor in(code_bytes().subspan(instruction.immediates));
    skip_type(in);
    frame.num_clauses = in.u32();
    frame.clauses = code_bytes().size() - in.left();
  } else {
    frame.try_number = num_tries_++;
  }
  frames_.push_back(std::move(frame));
}

void FunctionLowering::begin_catch(const Instruction& instruction) {
  Frame& frame = frames_.back();
  put_branch(frame.label);
  close();  // the body, or the catch before
  const bool is_rethrown = is_rethrown_[frame.try_number];
  const auto save = [&](std::uint32_t global, wasm_valkind_t kind) {
    const Saved saved{new_local(kind), global};
    get_global(global);
    out_.op({kOpLocalSet}).leb(saved.local);
    frame.saved.push_back(saved);
  };
  frame.handler = frame.outer_handler;
  frame.saved.clear();
  if (instruction.code == kOpCatch) {
    frame.part = Frame::Part::kCatch;
    open_if_pending(instruction.index);
  } else {
    frame.part = Frame::Part::kCatchAll;
  }
  if (is_rethrown) {
    save(lowering_.layout.pending(), WASM_I32);
    const auto slots = instruction.code == kOpCatch ? lowering_.layout.payload(instruction.index)
                                                    : lowering_.layout.slots();
    for (const auto& slot : slots) save(slot.global, slot.kind);
  }
  set_pending(0);
  if (instruction.code == kOpCatch) push_payload(instruction.index);
}

void FunctionLowering::end_block() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  switch (frame.part) {
    case Frame::Part::kBody:
    case Frame::Part::kCatch:
      put_branch(frame.label);
      close();
      put_branch(frame.outer_handler);
      break;
    case Frame::Part::kTable:
      end_try_table(frame);
      break;
    case Frame::Part::kBlock:
      if (frames_.empty()) return end_function();
      break;
    case Frame::Part::kCatchAll:
      break;
  }
  close();
}

void FunctionLowering::end_function() {
  out_.push_back(kOpReturn);
  close();
  for (const wasm_valkind_t kind : type_.results) lowering_.types.put_zero(kind, out_);
  close();
}

/// The labels of the clauses count from around the try_table.
void FunctionLowering::end_try_table(const Frame& frame) {
  put_branch(frame.label);
  close();
  ByteCursor in(code_bytes().subspan(frame.clauses));
  bool catches_all = false;
  for (std::uint32_t left = frame.num_clauses; left > 0 && !catches_all; --left) {
    const std::uint8_t kind = in.byte();
    catches_all = kind == kCatchAll || kind == kCatchAllRef;
    const std::uint32_t tag = catches_all ? 0 : in.u32();
    const std::uint32_t label = label_of(in.u32());
    if (!catches_all) {
      open_if_pending(tag);
      push_payload(tag);
    }
    if (kind == kCatchRef || kind == kCatchAllRef) push_exnref();
    set_pending(0);
    put_branch(label);
    if (!catches_all) close();
  }
  if (!catches_all) put_branch(frame.outer_handler);
}

void FunctionLowering::end_delegate(const Instruction& instruction) {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  put_branch(frame.label);
  close();
  put_branch(frames_[frames_.size() - 1 - instruction.index].handler);
  close();
}

void FunctionLowering::put_throw(std::uint32_t tag) {
  const auto payload = lowering_.layout.payload(tag);
  for (std::size_t i = payload.size(); i > 0; --i) set_global(payload[i - 1].global);
  set_pending(lowering_.layout.pending_value(tag));
  put_branch(handler());
}

void FunctionLowering::put_rethrow(const Frame& caught) {
  for (const Saved& saved : caught.saved) {
    out_.op({kOpLocalGet}).leb(saved.local);
    set_global(saved.global);
  }
  put_branch(handler());
}

void FunctionLowering::put_throw_ref() {
  const auto slots = lowering_.layout.slots();
  set_global(lowering_.layout.pending());
  for (std::size_t i = slots.size(); i > 0; --i) set_global(slots[i - 1].global);
  get_global(lowering_.layout.pending());
  out_.op({kOpI32Eqz});
  open(kOpIf, {});
  set_pending(ExceptionLayout::kNullReference);
  out_.push_back(kOpUnreachable);
  close();
  put_branch(handler());
}

/// The condition, then the second value, are put aside: which is it?
void FunctionLowering::put_select(wasm_valkind_t kind) {
  const std::array<wasm_valkind_t, 1> one{kind};
  const std::uint32_t condition = new_local(WASM_I32);
  const std::uint32_t second = new_local(kind);
  const std::uint32_t count = width(kind);
  out_.op({kOpLocalSet}).leb(condition);
  for (std::uint32_t i = count; i > 0; --i) out_.op({kOpLocalSet}).leb(second + i - 1);
  out_.op({kOpLocalGet}).leb(condition).op({kOpI32Eqz});
  open(kOpIf, {one, one});
  for (std::uint32_t i = 0; i < count; ++i) out_.push_back(kOpDrop);
  for (std::uint32_t i = 0; i < count; ++i) out_.op({kOpLocalGet}).leb(second + i);
  close();
}

void FunctionLowering::put_branch_table(const Instruction& instruction) {
  ByteCursor in(code_bytes().subspan(instruction.immediates));
  const std::uint32_t count = in.u32();
  out_.op({kOpBrTable}).leb(count);
  for (std::uint64_t left = std::uint64_t{count} + 1; left > 0; --left) {
    out_.leb(depth_ - 1 - label_of(in.u32()));
  }
}

void FunctionLowering::put_local(std::uint32_t code, std::uint32_t local) {
  const std::uint32_t count = width(local_kinds_[local]);
  const std::uint32_t first = local_numbers_[local];
  if (count == 1) {
    out_.op({static_cast<int>(code)}).leb(first);
    return;
  }
  if (code != kOpLocalGet) {
    for (std::uint32_t i = count; i > 0; --i) out_.op({kOpLocalSet}).leb(first + i - 1);
  }
  if (code != kOpLocalSet) {
    for (std::uint32_t i = 0; i < count; ++i) out_.op({kOpLocalGet}).leb(first + i);
  }
}

}  // namespace

Status lower_function(const Lowering& lowering, const FunctionType& type, std::size_t begin,
                      std::size_t size, ByteWriter& code, OffsetMap& offsets) {
  return FunctionLowering(lowering, type, begin, size).run(code, offsets);
}

}  // namespace hb::beamr
