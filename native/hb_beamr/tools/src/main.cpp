// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// hb_beamrc: compiles modules ahead of time.
#include <pthread.h>

#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <variant>

#include "code_generator.hpp"
#include "compiled_module.hpp"
#include "fault.hpp"
#include "guardian.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "preparation.hpp"
#include "processor.hpp"
#include "progress.hpp"

namespace hb::beamr {
namespace {

constexpr const char* kVersion = "0.1.0";

void print_identity() {
  std::string key;
  for (const std::uint8_t byte : compiled_module_key()) {
    constexpr const char* kDigits = "0123456789abcdef";
    key += kDigits[byte >> 4];
    key += kDigits[byte & 15];
  }
  std::printf("engine=%s\nllvm=%s\ncpu=%s\n", key.c_str(), HB_BEAMR_LLVM_VERSION,
              std::string(default_processor()).c_str());
}

Failure refusal(const Error& error) {
  const bool is_ours = error.rc == Rc::kInternal;
  return {is_ours ? ExitCode::kInternal : ExitCode::kRefused, error.text};
}

std::optional<Failure> compile(const Options& options) {
  auto input = read_file(options.input);
  if (Failure* failure = std::get_if<Failure>(&input)) return *failure;
  const auto& bytes = std::get<0>(input);

  Progress progress(options.progress);
  progress.step(0.0, "validating");
  std::uint64_t fault = 0;
  Result<Prepared> prepared = prepare_module(bytes, options.force_lowering, &fault);
  if (!prepared) {
    Failure failure = refusal(prepared.error());
    if (fault > 0) failure.text += describe_fault(bytes, fault);
    return failure;
  }

  auto code = generate_code(prepared->loaded.bytes,
                            {.architecture = options.architecture,
                             .processor = options.processor,
                             .features = options.features,
                             .opt_level = options.opt_level,
                             .keep_frames = options.keep_frames},
                            [&](double done, const char* what) { progress.step(done, what); });
  if (Failure* failure = std::get_if<Failure>(&code)) return *failure;

  progress.step(1.0, "writing");
  const CompiledModule compiled{.opt_level = options.opt_level,
                                .is_forced = options.force_lowering,
                                .has_frames = options.keep_frames,
                                .architecture = options.architecture,
                                .processor = options.processor,
                                .features = options.features,
                                .module = bytes,
                                .code = std::get<0>(code)};
  return write_file(options.output, compiled.write());
}

std::optional<Failure> run(const Options& options) {
  switch (options.action) {
    case Action::kHelp:
      std::fputs(help_text(), stdout);
      return std::nullopt;
    case Action::kVersion:
      std::printf("hb_beamrc %s, LLVM %s\n", kVersion, HB_BEAMR_LLVM_VERSION);
      return std::nullopt;
    case Action::kIdentity:
      print_identity();
      return std::nullopt;
    case Action::kCompile:
      return compile(options);
  }
  return std::nullopt;
}

struct Job {
  const Options& options;
  std::optional<Failure> failure{};
};

void* run_job(void* context) noexcept {
  auto* job = static_cast<Job*>(context);
  try {
    job->failure = run(job->options);
  } catch (const std::bad_alloc&) {
    end_without_memory();
  } catch (const std::exception& error) {
    job->failure = Failure{ExitCode::kInternal, error.what()};
  }
  return nullptr;
}

/// The compiler recurses as deep as code is nested: on a stack that has room for that, of addresses only.
std::optional<Failure> run_on_deep_stack(const Options& options) {
  constexpr std::size_t kStackSize = std::size_t{512} << 20;
  Job job{options};
  pthread_attr_t attributes;
  pthread_t thread{};
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  const int error = pthread_create(&thread, &attributes, run_job, &job);
  pthread_attr_destroy(&attributes);
  if (error != 0) end_without_memory();
  pthread_join(thread, nullptr);
  return job.failure;
}

int end_with(const Failure& failure) {
  std::fprintf(stderr, "hb_beamrc: %s\n", failure.text.c_str());
  return static_cast<int>(failure.code);
}

}  // namespace
}  // namespace hb::beamr

int main(int argc, char** argv) {
  using namespace hb::beamr;
  const auto options = parse_options(argc, argv);
  if (const Failure* failure = std::get_if<Failure>(&options)) return end_with(*failure);
  guard_process(std::get<Options>(options));
  const std::optional<Failure> failure = run_on_deep_stack(std::get<Options>(options));
  return failure ? end_with(*failure) : 0;
}
