#!/usr/bin/env bash
# Fuzzes one target, with AddressSanitizer and UndefinedBehaviorSanitizer.
# Usage: fuzz.sh TARGET SECONDS [libFuzzer options]
#        fuzz.sh --list
#
# It installs and builds what is missing. New inputs that reach more code are kept in
# _build/fuzz/TARGET/corpus, for the next time. The last line of the output is a summary; where an input
# crashed it names the file. Exit code 0 only if none did.
#
# To try a file again: _build/native/fuzz/fuzz/fuzz_TARGET FILE. Once mended it goes, with a name that
# says what was wrong, to native/hb_beamr/fuzz/corpus/TARGET, which every build replays as a test.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source="$root/native/hb_beamr/fuzz"
build="$root/_build/native/fuzz"

fail() { printf 'fuzz.sh: %s\n' "$*" >&2; exit 2; }

targets() { sed -n 's/^ *hb_beamr_add_fuzzer(\([a-z_]*\).*/\1/p' "$source/CMakeLists.txt"; }

# Steps that are of no interest when they go well.
quietly() {
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2; fail "failed: $*"; }
}

build() {
  "$root/scripts/install-deps.sh" build test
  # It runs the compiler that is installed.
  [ "$1" != compiled ] || quietly "$root/scripts/build-native.sh"
  cd "$root/native/hb_beamr"
  quietly cmake --preset fuzz
  quietly cmake --build --preset fuzz --target "fuzz_$1"
}

fuzz() {
  local target=$1 seconds=$2
  shift 2
  local work="$root/_build/fuzz/$target" status=0
  local log="$work/log" found="$work/found"
  mkdir -p "$work/corpus" "$found"
  touch "$work/started"
  local folders=("$work/corpus" "$source/corpus/$target")
  [ "$target" != module ] || folders+=("$build/wasm")

  set +o errexit
  "$build/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -len_control=0 -timeout=100 \
    -artifact_prefix="$found/" -print_final_stats=1 "$@" "${folders[@]}" 2>&1 | tee "$log" |
    grep --line-buffered -E '^(#[0-9]+[[:space:]]+(INITED|pulse)|SUMMARY)'
  status=${PIPESTATUS[0]}
  set -o errexit

  local crash runs inputs
  crash=$(find "$found" -type f -newer "$work/started" | sort | head -n 1)
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  inputs=$(find "$work/corpus" -type f | wc -l)
  if [ "$status" = 0 ] && [ -z "$crash" ]; then
    printf '%s: %s runs, %s inputs kept, no crash\n' "$target" "${runs:-0}" "$inputs"
    return 0
  fi
  printf '%s: %s runs, CRASH: %s (the whole output: %s)\n' "$target" "${runs:-0}" \
    "${crash:-no input was kept}" "$log"
  return 1
}

case ${1:-} in
  --list)
    targets
    exit
    ;;
  '' | -*) fail "see the head of scripts/fuzz.sh for its arguments" ;;
esac
targets | grep -qxF -- "$1" || fail "no target '$1'; there are: $(targets | tr '\n' ' ')"
[[ ${2:-} =~ ^[0-9]+$ ]] || fail "for how many seconds?"
build "$1"
fuzz "$@"
