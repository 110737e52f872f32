// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A generated module does the same interpreted and compiled. The compiler is the program that is installed;
// each input takes as long as that needs to start.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "guest_run.hpp"
#include "module_generator.hpp"

namespace hb::beamr::fuzz {
namespace {

namespace fs = std::filesystem;

using Module = std::vector<std::uint8_t>;

/// For the compiler's input and output; gone with the process.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "hb_beamr-fuzz-XXXXXX").string();
    HB_FUZZ_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

/// Ends with an error if the module cannot be compiled: all that is generated can.
void compile(const std::string& wasm, const std::string& aot, std::string level) {
  std::string program = HB_BEAMR_COMPILER;
  std::string output_option = "-o";
  std::string input = wasm;
  std::string output = aot;
  const std::array<char*, 6> arguments{program.data(),       level.data(),  input.data(),
                                       output_option.data(), output.data(), nullptr};
  // Without the sanitizers' settings and the like.
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  HB_FUZZ_CHECK(posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments.data(),
                            environment.data()) == 0);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid, &status, 0);
  } while (ended < 0 && errno == EINTR);  // by libFuzzer's alarm
  HB_FUZZ_CHECK(ended == pid);
  HB_FUZZ_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Module compiled(const Module& module, std::size_t level) {
  static const Folder folder;
  const std::string wasm = folder.file("module.wasm");
  const std::string aot = folder.file("module.aot");
  std::ofstream(wasm, std::ios::binary)
      .write(reinterpret_cast<const char*>(module.data()),
             static_cast<std::streamsize>(module.size()));
  compile(wasm, aot, "-O" + std::to_string(level));
  std::ifstream code(aot, std::ios::binary);
  return {std::istreambuf_iterator<char>(code), std::istreambuf_iterator<char>()};
}

/// Prints where they differ first.
bool is_same(const Trace& interpreted, const Trace& compiled) {
  if (interpreted.events == compiled.events) return true;
  const auto [one, other] = std::mismatch(interpreted.events.begin(), interpreted.events.end(),
                                          compiled.events.begin(), compiled.events.end());
  const auto print = [](const char* mode, const Trace& trace, auto at) {
    const bool is_there = at != trace.events.end();
    std::fprintf(stderr, "%s: event %td of %zu: %s%" PRIx64 "\n", mode, at - trace.events.begin(),
                 trace.events.size(), is_there ? "0x" : "none ", is_there ? *at : 0);
  };
  print("interpreted", interpreted, one);
  print("compiled", compiled, other);
  return false;
}

}  // namespace
}  // namespace hb::beamr::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hb::beamr::fuzz::Trace;
  hb::beamr::fuzz::Input input({data, size});
  const std::size_t level = input.below(4);
  const std::vector<std::uint8_t> module =
      hb::beamr::fuzz::generate_module(input, {.tells_nans_apart = false});
  const Trace interpreted = hb::beamr::fuzz::run_guest(module, input, {.nans_are_equal = true});
  HB_FUZZ_CHECK(interpreted.is_module);
  if (!interpreted.is_whole) return 0;
  const Trace compiled = hb::beamr::fuzz::run_guest(hb::beamr::fuzz::compiled(module, level), input,
                                                    {.nans_are_equal = true});
  HB_FUZZ_CHECK(compiled.is_module);
  if (compiled.is_whole) HB_FUZZ_CHECK(hb::beamr::fuzz::is_same(interpreted, compiled));
  return 0;
}
