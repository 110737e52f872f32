// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Exceptions in the code of one function, lowered to branches.
//
// An exception that is thrown is put into globals (ExceptionLayout), and control goes to the *handler*
// of the place: the end of a block without results. After each call stands a look at the pending global
// and a branch to the same handler. So
//
//   try T body catch x A catch_all B end
//
// becomes
//
//   block T
//     block (params of T)  body' ; br 1  end      the handler of body is the end of this block
//     if pending is x:  pending = 0 ; push payload ; A' ; br 1  end
//     pending = 0 ; B'
//   end
//
// where A' and B' have the handler of the whole try, and where no catch_all is, a branch to that handler
// stands. The body of the function is in a block whose end is the outermost handler: it returns zeros,
// and the caller looks at the pending global in turn. `delegate` goes to the handler of the block it
// names. `rethrow` needs what its catch caught: copies in locals. A try_table is a try whose clauses
// branch. Labels are counted anew, because there are more blocks.
#pragma once

#include <cstdint>
#include <span>

#include "byte_writer.hpp"
#include "module_description.hpp"
#include "result.hpp"
#include "rewrite/exception_layout.hpp"
#include "rewrite/lowered_types.hpp"
#include "rewrite/offset_map.hpp"

namespace hb::beamr {

/// What is the same for all functions of a module.
struct Lowering {
  const ModuleDescription& module;
  const ExceptionLayout& layout;
  LoweredTypes& types;
  std::span<const std::uint8_t> bytes;             ///< the module
  std::span<const std::uint64_t> exnref_operands;  ///< drop and ref.is_null of exnrefs, rising
  bool is_forced;                                  ///< lower functions that have nothing to lower
  std::size_t max_code_size;                       ///< of all functions together, in bytes
};

/// Appends the function's entry of the code section to `code`, whose offsets go to `offsets`. Its body
/// is at `begin` in the module and takes `size` bytes.
Status lower_function(const Lowering& lowering, const FunctionType& type, std::size_t begin,
                      std::size_t size, ByteWriter& code, OffsetMap& offsets);

}  // namespace hb::beamr
