// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "guardian.hpp"

#include <llvm/Support/ErrorHandling.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <thread>

namespace hb::beamr {
namespace {

/// Safe at any moment: in a signal's handler, without memory.
[[noreturn]] void end(ExitCode code, const char* text) noexcept {
  const char* const parts[] = {"hb_beamrc: ", text, "\n"};
  for (const char* part : parts) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(static_cast<int>(code));
}

void limit_time(std::uint64_t seconds) {
  ::signal(SIGALRM, [](int) { end(ExitCode::kLimit, "the time limit is reached"); });
  constexpr std::uint64_t kLongest = 1'000'000'000;
  ::alarm(static_cast<unsigned>(seconds < kLongest ? seconds : kLongest));
}

void limit_memory(std::uint64_t bytes) {
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_AS, &limit);
}

void end_with_stdin() {
  std::thread([] {
    char bytes[256];
    for (;;) {
      const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (got == 0 || (got < 0 && errno != EINTR)) {
        end(ExitCode::kLimit, "the standard input is closed, nobody waits for the result");
      }
    }
  }).detach();
}

void on_bad_alloc(void*, const char*, bool) { end_without_memory(); }

void on_fatal_error(void*, const char* reason, bool) {
  const bool is_disk = std::strstr(reason, "IO failure") != nullptr;
  end(is_disk ? ExitCode::kFile : ExitCode::kInternal, reason);
}

}  // namespace

void end_without_memory() noexcept { end(ExitCode::kLimit, "out of memory"); }

void guard_process(const Options& options) {
  // No core files and no traces: the exit code and the sentence are for programs.
  ::signal(SIGABRT, [](int) { end(ExitCode::kInternal, "it gave up"); });
  ::signal(SIGSEGV, [](int) { end(ExitCode::kInternal, "it crashed"); });
  ::signal(SIGXFSZ, SIG_IGN);  // the write fails and says so
  std::set_new_handler(end_without_memory);
  llvm::install_bad_alloc_error_handler(on_bad_alloc);
  llvm::install_fatal_error_handler(on_fatal_error);
  if (options.is_nice) ::setpriority(PRIO_PROCESS, 0, 19);
  if (options.time_limit > 0) limit_time(options.time_limit);
  if (options.end_with_stdin) end_with_stdin();
  if (options.memory_limit > 0) limit_memory(options.memory_limit);
}

}  // namespace hb::beamr
