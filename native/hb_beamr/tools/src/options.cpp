// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include "processor.hpp"

namespace hb::beamr {
namespace {

Failure usage(std::string text) { return {ExitCode::kUsage, std::move(text) + "; see --help"}; }

std::optional<std::uint64_t> positive_number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

/// The arguments, one after the other.
class Parser {
 public:
  Parser(int argc, const char* const* argv) noexcept : argc_(argc), argv_(argv) {}

  Outcome<Options> parse() {
    while (at_ < argc_) {
      const std::string_view argument = argv_[at_++];
      const bool is_known = only_files_ || argument.size() < 2 || argument[0] != '-'
                                ? take_file(argument)
                                : take_option(argument);
      if (failure_) return *failure_;
      if (!is_known) return usage("unknown option " + std::string(argument));
    }
    return finish();
  }

 private:
  bool fail(std::string text) {
    failure_ = usage(std::move(text));
    return true;
  }

  bool take_file(std::string_view name) {
    if (!options_.input.empty()) return fail("more than one module");
    options_.input = name;
    return true;
  }

  bool take_option(std::string_view argument) {
    if (argument == "--") return only_files_ = true;
    if (take_flag(argument)) return true;
    if (argument.starts_with("-O")) return take_level(argument.substr(2));
    return take_value(argument);
  }

  bool take_flag(std::string_view argument) {
    if (argument == "--help" || argument == "-h") {
      options_.action = Action::kHelp;
    } else if (argument == "--version") {
      options_.action = Action::kVersion;
    } else if (argument == "--identity") {
      options_.action = Action::kIdentity;
    } else if (argument == "--force-exceptions") {
      options_.force_lowering = true;
    } else if (argument == "--frames") {
      options_.keep_frames = true;
    } else if (argument == "--end-with-stdin") {
      options_.end_with_stdin = true;
    } else if (argument == "--nice") {
      options_.is_nice = true;
    } else {
      return false;
    }
    return true;
  }

  bool take_level(std::string_view level) {
    if (level.size() != 1 || level[0] < '0' || level[0] > '3') {
      return fail("an optimisation level is 0, 1, 2 or 3, not '" + std::string(level) + "'");
    }
    options_.opt_level = static_cast<std::uint8_t>(level[0] - '0');
    return true;
  }

  /// "--name=value" or "--name value".
  bool take_value(std::string_view argument) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    for (const std::string_view known : {"-o", "--opt-level", "--target", "--cpu", "--features",
                                         "--memory-limit", "--time-limit", "--progress"}) {
      if (name != known) continue;
      if (equals != std::string_view::npos) return set(name, argument.substr(equals + 1));
      if (at_ == argc_) return fail(std::string(name) + " needs a value");
      return set(name, argv_[at_++]);
    }
    return false;
  }

  bool set(std::string_view name, std::string_view value) {
    if (name == "-o") {
      options_.output = value;
    } else if (name == "--opt-level") {
      return take_level(value);
    } else if (name == "--target") {
      options_.architecture = value;
    } else if (name == "--cpu") {
      options_.processor = value;
    } else if (name == "--features") {
      options_.features = value;
    } else if (name == "--progress") {
      return set_progress(value);
    } else {
      const std::optional<std::uint64_t> number = positive_number(value);
      if (!number) {
        return fail(std::string(name) + " takes a positive number, not '" + std::string(value) +
                    "'");
      }
      (name == "--memory-limit" ? options_.memory_limit : options_.time_limit) = *number;
    }
    return true;
  }

  bool set_progress(std::string_view value) {
    if (value == "auto") {
      options_.progress = ShowProgress::kOnTerminal;
    } else if (value == "always") {
      options_.progress = ShowProgress::kAlways;
    } else if (value == "never") {
      options_.progress = ShowProgress::kNever;
    } else {
      return fail("--progress is auto, always or never, not '" + std::string(value) + "'");
    }
    return true;
  }

  Outcome<Options> finish() {
    if (options_.action != Action::kCompile) return options_;
    if (options_.input.empty()) return usage("which module?");
    if (options_.output.empty()) return usage("where to? -o FILE is missing");
    if (!set_target()) return *failure_;
    return options_;
  }

  bool set_target() {
    const std::string_view here = processor_architecture();
    std::string& architecture = options_.architecture;
    if (architecture.empty()) architecture = here;
    if (architecture != "x86_64" && architecture != "aarch64") {
      return !fail("the target is x86_64 or aarch64, not '" + architecture + "'");
    }
    std::string& processor = options_.processor;
    if (processor.empty() || processor == "native") {
      processor = architecture == here       ? default_processor()
                  : architecture == "x86_64" ? "x86-64"
                                             : "generic";
    }
    if (!is_known_processor(architecture, processor)) {
      return !fail("unknown processor '" + processor + "' for " + architecture);
    }
    std::string unknown;
    const bool is_list = for_each_feature(options_.features, [&](char, std::string_view name) {
      if (!is_known_feature(architecture, name)) unknown = name;
      return unknown.empty();
    });
    if (!unknown.empty()) return !fail("unknown feature '" + unknown + "' for " + architecture);
    if (!is_list) return !fail("--features is a list like +avx2,-bmi2");
    return true;
  }

  int argc_;
  const char* const* argv_;
  int at_ = 1;
  bool only_files_ = false;
  Options options_;
  std::optional<Failure> failure_;
};

}  // namespace

Outcome<Options> parse_options(int argc, const char* const* argv) {
  return Parser(argc, argv).parse();
}

const char* help_text() noexcept {
  return "Usage: hb_beamrc [OPTIONS] MODULE.wasm -o FILE\n"
         "Compiles a WebAssembly module for hb_beamr, ahead of time.\n"
         "\n"
         "  -o FILE              where the compiled module goes; whole or not at all\n"
         "  -O0 -O1 -O2 -O3      how much to optimise: quick to compile ... quick to run "
         "(default)\n"
         "  --target=ARCH        x86_64 or aarch64 (default: this machine's)\n"
         "  --cpu=NAME           x86-64, x86-64-v2, x86-64-v3, x86-64-v4, generic, or native: the\n"
         "                       highest level of this machine up to v3 (default)\n"
         "  --features=LIST      on top of that: +avx512f,-bmi2\n"
         "  --frames             keep frames: traps name functions, code is slower\n"
         "  --force-exceptions   for tests: lower all code as if it had exceptions\n"
         "  --memory-limit=BYTES end when it takes more\n"
         "  --time-limit=SECONDS end when it takes longer\n"
         "  --end-with-stdin     end when the standard input is closed\n"
         "  --nice               run with the lowest priority\n"
         "  --progress=WHEN      auto (on a terminal), always, never\n"
         "  --identity           print what decides whether compiled code fits\n"
         "  --version, --help\n"
         "\n"
         "Exit codes: 0 done; 1 the module is refused; 2 usage; 3 a file cannot be read or\n"
         "written; 4 time or memory ran out, or the standard input was closed; 5 a defect.\n";
}

}  // namespace hb::beamr
