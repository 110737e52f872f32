#!/usr/bin/env bash
# Runs EUnit and Common Test with a driver and an engine that are built with AddressSanitizer and
# UndefinedBehaviorSanitizer, inside the emulator.
# Usage: ct-asan.sh [SUITE]...   (default: all suites, and EUnit)
#
# The emulator itself is not instrumented: the sanitizers' runtime is loaded before it. What they find
# ends that emulator, which may be one that a test started, and is written to a file of its own
# in _build/logs/ct-asan; such a file makes this fail. So does memory that the driver has not freed
# when it is unloaded at the end.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
app="$root/_build/asan/hb_beamr"
driver="$app/priv/hb_beamr.so"
logs="$root/_build/logs/ct-asan"

# The application as the tests use it, with another driver.
build() {
  "$root/scripts/conformance.sh"
  cd "$root/native/hb_beamr"
  cmake --preset asan
  cmake --build --preset asan --target hb_beamr_driver
  cd "$root"
  rebar3 compile
  rm -rf "$app" "$logs"
  mkdir -p "$app/priv" "$app/test" "$logs"
  cp -r "$root/_build/default/lib/hb_beamr/ebin" "$app"
  # Not by rebar3, whose tests need a part of it at run time.
  erlc +debug_info -o "$app/test" "$root"/test/*.erl
  cp "$root/_build/native/asan/src/hb_beamr.so" "$driver"
}

run() {
  # Binaries come from malloc, so that the sanitizer sees their ends. What was freed is kept for a
  # short time only, because tests look at resident memory.
  export ERL_FLAGS="+MBe false"
  export ASAN_OPTIONS="log_path=$logs/report:abort_on_error=1:detect_stack_use_after_return=0"
  ASAN_OPTIONS+=":allocator_may_return_null=1:quarantine_size_mb=8:detect_leaks=1"
  export UBSAN_OPTIONS="log_path=$logs/report:abort_on_error=1:print_stacktrace=1"
  # The emulator frees little at its end: see leaks().
  export LSAN_OPTIONS="exitcode=0"
  LD_PRELOAD=$(gcc -print-file-name=libasan.so) \
    erl -noshell -noinput -pa "$app/ebin" "$app/test" \
    -run hb_beamr_sanitized main "$app/test" "$logs" "$@"
}

# Prints what of the leaks in the report $1 is ours: what neither the emulator nor another program
# of Erlang's has allocated. The driver is gone by then, so its addresses are looked up here.
leaks() {
  local line base=0 address
  if [ -s "$logs/mapped" ]; then base=$((0x$(sed 's/-.*//;q' "$logs/mapped"))); fi
  awk -v RS= '/(Direct|Indirect) leak/ && !/#1 [^\n]*\/erts-[^\n]*/' "$1" |
    while read -r line; do
      address=$(sed -n 's/^#[0-9]* \(0x[0-9a-f]*\) .*\(unknown module\|libasan\).*/\1/p' <<<"$line")
      if [ -n "$address" ] && [ $((address)) -gt "$base" ]; then
        line+=" $(addr2line -Cfpe "$driver" "$(printf '%x' $((address - base - 1)))")"
      fi
      printf '%s\n' "$line"
    done
}

build
status=0
run "$@" || status=$?

shopt -s nullglob
for report in "$logs"/report.*; do
  if grep -q 'LeakSanitizer: detected' "$report"; then
    found=$(leaks "$report")
  else
    found=$(<"$report")
  fi
  if [ -n "$found" ]; then
    printf '\n%s\n' "$found"
    status=1
  fi
done
exit "$status"
