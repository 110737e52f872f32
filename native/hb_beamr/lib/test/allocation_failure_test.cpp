// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Each scenario runs again and again, and each time the next request for memory fails. What fails must
// say so, must work when it is tried again, and must leave nothing behind.
#include <array>
#include <cstring>

#include "support/failing_memory.hpp"
#include "support/lib_test.hpp"

namespace hb::beamr::test {
namespace {

using Rc = hb_beamr_capi_lib_rc_t;

/// What a failure for want of memory may be called.
bool may_mean_no_memory(Rc rc) {
  switch (rc) {
    case HB_BEAMR_CAPI_LIB_ERROR_ALLOCATION_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_RUNTIME_INIT_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_INSTANTIATE_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED:
    case HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE:
      return true;
    default:
      return false;
  }
}

/// A scenario's hands. It allocates nothing itself.
class Script {
 public:
  bool has_failed() const { return has_failed_; }

  /// A step that answers `wanted`, if there is memory. Where there is none its effect is none, so that
  /// it is tried again, and must answer it then.
  template <typename Step>
  bool run(Rc wanted, Step step) {
    return once(wanted, step) || (has_failed_ && once(wanted, step));
  }

  /// A step that is not tried again: it goes on with a call, and a call that failed is over.
  template <typename Step>
  bool once(Rc wanted, Step step) {
    const bool had_failed = has_request_failed();
    const Rc rc = step();
    if (rc == wanted) {
      // A trap for which there was no memory is one still, with less to tell.
      if (!had_failed && has_request_failed()) has_failed_ = is_out_of_memory();
      return true;
    }
    has_failed_ = true;
    EXPECT_TRUE(has_request_failed() && !had_failed) << "rc " << rc << ", " << error();
    EXPECT_TRUE(may_mean_no_memory(rc)) << "rc " << rc << ", " << error();
    EXPECT_STRNE(error(), "");
    return false;
  }

  bool begin() {
    return run(HB_BEAMR_CAPI_LIB_SUCCESS,
               [] { return hb_beamr_capi_lib_init_runtime_global(nullptr); }) &&
           create();
  }
  bool create() {
    return run(HB_BEAMR_CAPI_LIB_SUCCESS, [this] {
      ctx_ = hb_beamr_capi_lib_create_context();
      return ctx_ != nullptr ? HB_BEAMR_CAPI_LIB_SUCCESS
                             : HB_BEAMR_CAPI_LIB_ERROR_ALLOCATION_FAILED;
    });
  }
  bool load(const std::vector<std::uint8_t>& module) {
    return run(HB_BEAMR_CAPI_LIB_SUCCESS, [&] {
      return hb_beamr_capi_lib_load_wasm_module(ctx_, module.data(),
                                                static_cast<std::uint32_t>(module.size()));
    });
  }
  bool instantiate(Rc wanted = HB_BEAMR_CAPI_LIB_SUCCESS) {
    return run(wanted, [this] {
      auto* defer = reinterpret_cast<void*>(&hb_beamr_capi_lib_defer_import);
      return hb_beamr_capi_lib_instantiate(ctx_, defer, nullptr, 0);
    });
  }
  bool begin_with(const std::vector<std::uint8_t>& module) {
    return begin() && load(module) && instantiate();
  }

  template <std::size_t N>
  Rc start(const char* name, const std::array<wasm_val_t, N>& args) {
    std::uint32_t function = 0;
    const Rc rc = hb_beamr_capi_lib_find_function(ctx_, name, std::strlen(name), &function);
    if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) return rc;
    return hb_beamr_capi_lib_start_call(ctx_, function, N, args.data());
  }
  /// A call from its beginning to the event that is wanted.
  template <std::size_t N>
  bool call(Rc wanted, const char* name, const std::array<wasm_val_t, N>& args) {
    return run(wanted, [&] { return start(name, args); });
  }
  template <std::size_t N>
  bool answer(Rc wanted, std::array<wasm_val_t, N> results) {
    return once(wanted, [&] { return hb_beamr_capi_lib_resolve_import(ctx_, N, results.data()); });
  }

  void destroy() {
    hb_beamr_capi_lib_destroy_context(ctx_);
    ctx_ = nullptr;
  }
  void end() {
    destroy();
    hb_beamr_capi_lib_destroy_runtime_global();
  }

  bool is_out_of_memory() { return std::string_view(error()) == "out of memory"; }

  hb_beamr_capi_lib_context_t* ctx() { return ctx_; }
  const char* error() { return hb_beamr_capi_lib_get_last_error(ctx_); }
  /// The scenario saw by other means that memory was short.
  void note_failure() { has_failed_ = true; }

 private:
  hb_beamr_capi_lib_context_t* ctx_ = nullptr;
  bool has_failed_ = false;
};

template <typename Scenario>
void fail_each_request(Scenario scenario) {
  const auto run = [&](std::size_t number) {
    const Held before = held();
    Script script;
    fail_request(number);
    scenario(script);
    script.end();
    const bool has_failed = end_failing();
    // The first run makes what is made once in a process.
    if (number > 0) {
      EXPECT_EQ(held(), before) << "something was left behind";
    }
    EXPECT_EQ(script.has_failed(), has_failed) << "the failure was not noticed";
    return has_failed;
  };
  run(0);
  std::size_t number = 1;
  while (run(number) && !testing::Test::HasFailure()) ++number;
  EXPECT_GT(number, 1U);
  if (testing::Test::HasFailure()) ADD_FAILURE() << "with request number " << number;
}

constexpr auto kOk = HB_BEAMR_CAPI_LIB_SUCCESS;
constexpr auto kWaits = HB_BEAMR_CAPI_LIB_AWAITING_IMPORT;
constexpr auto kTrapped = HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED;
constexpr std::array<wasm_val_t, 0> kNone{};

TEST(AllocationFailure, InALifeFromLoadingToTheEnd) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    if (!s.call(kOk, "add", std::array{i32(1), i32(2)})) return;
    if (!s.call(kOk, "swap", std::array{i32(1), i64(2)})) return;
    std::uint32_t function = 0;
    s.run(kOk, [&] { return hb_beamr_capi_lib_find_table_function(s.ctx(), 0, &function); });
    s.run(kOk, [&] {
      return hb_beamr_capi_lib_start_call(s.ctx(), function, 2, std::array{i32(1), i32(2)}.data());
    });
    wasm_val_t value = i64(8);
    s.run(kOk, [&] { return hb_beamr_capi_lib_set_global(s.ctx(), "counter", 7, &value); });
    s.run(kOk, [&] { return hb_beamr_capi_lib_get_global(s.ctx(), "counter", 7, &value); });
  });
}

TEST(AllocationFailure, InASecondInstanceOfAKnownModule) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    Script other;
    other.create();
    other.run(kOk, [&] {
      return hb_beamr_capi_lib_load_cached_module(other.ctx(), module.data(),
                                                  static_cast<std::uint32_t>(module.size()));
    });
    other.instantiate();
    other.call(kOk, "add", std::array{i32(1), i32(2)});
    other.destroy();
    if (other.has_failed()) s.note_failure();
  });
}

TEST(AllocationFailure, InACallWithManyValues) {
  const auto module = fixture("many_values");
  std::array<wasm_val_t, 20> twenty{};
  twenty.fill(i64(1));
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    if (!s.call(kWaits, "take20", twenty)) return;
    if (!s.answer(kOk, std::array{i64(1), i64(2)})) return;
    if (!s.call(kWaits, "six", kNone)) return;
    s.answer(kOk, std::array{i32(1), i64(2), f32(3), f64(4), i32(5), i64(6)});
  });
}

TEST(AllocationFailure, WhileImportsWaitAndCallsNest) {
  const auto module = fixture("nesting");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    if (!s.call(kWaits, "step", std::array{i32(1)})) return;
    if (!s.call(kWaits, "step", std::array{i32(2)})) return;
    if (!s.call(kOk, "add", std::array{i32(1), i32(2)})) return;
    if (!s.call(kTrapped, "fail", kNone)) return;
    if (!s.answer(kOk, std::array{i32(1)})) return;
    s.answer(kOk, std::array{i32(1)});
  });
}

TEST(AllocationFailure, WhenAnImportTrapsWithALongMessage) {
  const auto module = fixture("basics");
  constexpr std::string_view kMessage = "a message that is too long for a string without a block";
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    if (!s.call(kWaits, "ask_twice", std::array{i32(1)})) return;
    // A failure before it runs is told as one; the trap itself is one anyway.
    s.run(kTrapped,
          [&] { return hb_beamr_capi_lib_trap_import(s.ctx(), kMessage.data(), kMessage.size()); });
    hb_beamr_capi_lib_trap_t trap{};
    hb_beamr_capi_lib_get_trap(s.ctx(), &trap);
    if (trap.message != kMessage) s.note_failure();
    EXPECT_STRNE(s.error(), "");
  });
}

TEST(AllocationFailure, WhenATrapIsDescribed) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    if (!s.call(kTrapped, "recurse", std::array{i32(1)})) return;
    hb_beamr_capi_lib_trap_t trap{};
    hb_beamr_capi_lib_get_trap(s.ctx(), &trap);
    EXPECT_NE(trap.kind, HB_BEAMR_CAPI_LIB_TRAP_NONE);
    EXPECT_STRNE(trap.message, "");
    EXPECT_STRNE(s.error(), "");
    if (trap.num_frames == 0 || std::string_view(s.error()).size() < 20) s.note_failure();
    s.call(kOk, "add", std::array{i32(1), i32(2)});
  });
}

TEST(AllocationFailure, WhileAStartFunctionWaits) {
  const auto module = fixture("start_asks");
  fail_each_request([&](Script& s) {
    if (!s.begin() || !s.load(module) || !s.instantiate(kWaits)) return;
    if (!s.answer(kOk, std::array{i32(1)})) return;
    s.call(kOk, "answer", kNone);
  });
}

wasm_trap_t* give_seven(void*, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  results->data[0] = i32(7);
  return nullptr;
}

wasm_trap_t* give_a_wrong_type(void*, const wasm_val_vec_t*, wasm_val_vec_t* results) {
  results->data[0] = i64(7);
  return nullptr;
}

TEST(AllocationFailure, WithHostFunctions) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin() || !s.load(module)) return;
    const std::array symbols{
        hb_beamr_capi_native_symbol_t{"env", "ask", reinterpret_cast<void*>(&give_seven)},
        hb_beamr_capi_native_symbol_t{"env", "mixed", reinterpret_cast<void*>(&give_a_wrong_type)}};
    const bool is_made = s.run(kOk, [&] {
      return hb_beamr_capi_lib_instantiate(s.ctx(), nullptr, symbols.data(), symbols.size());
    });
    if (!is_made || !s.call(kOk, "ask_twice", std::array{i32(1)})) return;
    s.call(kTrapped, "ask_mixed", kNone);
    hb_beamr_capi_lib_trap_t trap{};
    hb_beamr_capi_lib_get_trap(s.ctx(), &trap);
    if (std::string_view(s.error()).size() < 40) s.note_failure();
  });
}

TEST(AllocationFailure, WhenMemoryGrows) {
  const auto module = fixture("grow_far");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    // A small one moves; to a reservation; within it; to the next one.
    for (const unsigned pages : {1U, 20U, 1000U, 10U}) {
      const bool has_grown =
          s.run(kOk, [&] { return hb_beamr_capi_lib_grow_memory(s.ctx(), pages, nullptr); });
      if (!has_grown) return;
    }
    std::uint64_t pages = 0;
    hb_beamr_capi_lib_memory_size(s.ctx(), nullptr, &pages);
    EXPECT_EQ(pages, 1032U);
  });
}

TEST(AllocationFailure, WhenTheGuestGrowsItsMemory) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module) || !s.call(kOk, "grow", std::array{i32(2)})) return;
    const wasm_val_t* result = hb_beamr_capi_lib_get_event(s.ctx())->values;
    EXPECT_TRUE(result->of.i32 == 1 || result->of.i32 == -1);
    if (result->of.i32 == -1) s.note_failure();
  });
}

TEST(AllocationFailure, WithTablesReferencesAndSegments) {
  for (const char* name : {"references", "bulk", "memory64", "names"}) {
    const auto module = fixture(name);
    fail_each_request([&](Script& s) { s.begin_with(module); });
  }
}

TEST(AllocationFailure, WithExceptions) {
  const auto module = fixture("exceptions");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    s.call(kOk, "catch", std::array{i32(5)});
    s.call(HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED, "uncaught", std::array{i32(5)});
  });
}

TEST(AllocationFailure, WithImportsOfItsOwn) {
  const auto module = fixture("imports");
  const std::vector<std::uint8_t> image(1000, 7);
  fail_each_request([&](Script& s) {
    const auto offer = [&](const char* name, const wasm_val_t* value) {
      return s.run(kOk, [&] {
        const hb_beamr_capi_lib_offer_t given{.module_name = "env",
                                              .module_name_len = 3,
                                              .name = name,
                                              .name_len = std::strlen(name),
                                              .type = nullptr,
                                              .value = value,
                                              .image = value == nullptr ? image.data() : nullptr,
                                              .image_len = value == nullptr ? image.size() : 0};
        return hb_beamr_capi_lib_offer_import(s.ctx(), &given);
      });
    };
    const wasm_val_t base = i32(5);
    const wasm_val_t counter = i64(5);
    wasm_val_t reference = i64(5);
    reference.kind = WASM_EXTERNREF;
    if (!s.begin() || !offer("base", &base) || !offer("counter", &counter) ||
        !offer("reference", &reference) || !offer("memory", nullptr)) {
      return;
    }
    if (s.load(module) && s.instantiate()) s.call(kOk, "load", std::array{i32(0)});
  });
}

TEST(AllocationFailure, WhenAnErrorIsToldOf) {
  const auto module = fixture("basics");
  fail_each_request([&](Script& s) {
    if (!s.begin_with(module)) return;
    s.run(HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED, [&] {
      std::uint32_t function = 0;
      return hb_beamr_capi_lib_find_function(s.ctx(), "not_there", 9, &function);
    });
    s.call(HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS, "add", std::array{f32(1), i32(2)});
    s.run(HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS,
          [&] { return hb_beamr_capi_lib_write_memory(s.ctx(), UINT64_MAX, "x", 1); });
  });
}

TEST(AllocationFailure, WhenAModuleIsRefused) {
  const auto module = fixture("unlinkable");
  const std::array<std::uint8_t, 9> invalid{0, 'a', 's', 'm', 1, 0, 0, 0, 77};
  fail_each_request([&](Script& s) {
    if (!s.begin()) return;
    s.run(HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED, [&] {
      return hb_beamr_capi_lib_load_wasm_module(s.ctx(), invalid.data(), invalid.size());
    });
    if (!s.load(module)) return;
    s.instantiate(HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED);
  });
}

}  // namespace
}  // namespace hb::beamr::test
