#!/usr/bin/env bash
# Tests of hb_beamrc as a program. Usage: hb_beamrc_test.sh HB_BEAMRC WAT2WASM
set -uo pipefail

hb_beamrc=$(realpath "$1")
wat2wasm=$(command -v "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# expect CODE TEXT ARGUMENT...: the exit code, and what stderr (stdout, if the code is 0) has in it.
expect() {
  local code=$1 text=$2 output status
  shift 2
  if [ "$code" = 0 ]; then
    output=$("$hb_beamrc" "$@" </dev/null 2>&1)
  else
    output=$("$hb_beamrc" "$@" </dev/null 2>&1 >/dev/null)
  fi
  status=$?
  if [ "$status" != "$code" ] || [[ "$output" != *"$text"* ]]; then
    printf 'hb_beamrc %s\n  exit code %s, expected %s; expected "%s" in:\n%s\n' \
      "$*" "$status" "$code" "$text" "$output"
    failures=$((failures + 1))
  fi
}

check() {
  if ! "${@:2}"; then
    printf '%s\n' "$1"
    failures=$((failures + 1))
  fi
}

module() {
  cat >text.txt
  "$wat2wasm" --debug-names --enable-threads --enable-multi-memory text.txt -o "$1"
}
# No output, and nothing beside it.
# shellcheck disable=SC2317  # called by check
only_modules() { [ -z "$(find . -type f ! -name '*.wasm' ! -name '*.txt')" ]; }

module good.wasm <<<'(module (func (export "f") (result i32) (i32.const 1)))'
module threads.wasm <<<'(module (memory 1 1 shared))'
module memories.wasm <<<'(module (memory 1) (memory 1))'
module data.wasm <<<"(module (memory 2) (data (i32.const 0) \"$(printf 'x%.0s' {1..50000})\"))"
# shellcheck disable=SC2016  # names of WebAssembly
module atomic.wasm <<<'(module (import "m" "f" (func)) (memory 1) (func) (func $second (drop (i32.atomic.load (i32.const 0)))))'
printf 'no module' >garbage.wasm
: >empty.wasm
# Takes some seconds.
{
  echo '(module (memory 1)'
  for i in $(seq 1500); do
    echo "(func (export \"f$i\") (param i32) (result i32) (local i32)"
    echo '(loop (local.set 1 (i32.add (local.get 1) (i32.load (local.get 0))))'
    echo '(br_if 0 (i32.lt_u (local.get 1) (local.get 0)))'
    echo '(br_if 0 (i32.eqz (i32.rem_u (local.get 1) (i32.add (local.get 0) (i32.const 3))))))'
    echo '(local.get 1))'
  done
  echo ')'
} | module large.wasm
# Little code, and unoptimised a large frame: the parameters of each block have a place of their own.
# shellcheck disable=SC2016  # names of WebAssembly
{
  vectors=$(printf 'v128 %.0s' {1..150})
  echo "(module (type \$vectors (func (param $vectors) (result $vectors)))"
  echo '(func $wide (param v128)'
  printf 'local.get 0 %.0s' {1..150}
  printf 'loop (type $vectors) end %.0s' {1..12}
  printf 'drop %.0s' {1..150}
  echo ') (func (export "f") (call $wide (v128.const i64x2 1 2))))'
} | module wide.wasm

expect 0 'Usage: hb_beamrc' --help
expect 0 'hb_beamrc ' --version
expect 0 'engine=' --identity

expect 2 'which module?'
expect 2 '-o FILE is missing' good.wasm
expect 2 'more than one module' good.wasm garbage.wasm -o out
expect 2 'unknown option --fast' --fast good.wasm -o out
expect 2 "an optimisation level is 0, 1, 2 or 3, not '9'" -O9 good.wasm -o out
expect 2 "an optimisation level is 0, 1, 2 or 3, not ''" -O good.wasm -o out
expect 2 'the target is x86_64 or aarch64' --target=vax good.wasm -o out
expect 2 "unknown processor 'z80'" --cpu=z80 good.wasm -o out
expect 2 "unknown feature 'warp'" --features=+warp good.wasm -o out
expect 2 '--features is a list' --features=avx good.wasm -o out
expect 2 'takes a positive number' --time-limit=soon good.wasm -o out
expect 2 'takes a positive number' --memory-limit=0 good.wasm -o out
expect 2 '--progress is auto' --progress=maybe good.wasm -o out
expect 2 '-o needs a value' good.wasm -o

expect 3 'cannot read nothing.wasm: No such file' nothing.wasm -o out
expect 3 'cannot read .: Is a directory' . -o out
expect 3 'cannot write nowhere/out: No such file' good.wasm -o nowhere/out
mkdir taken
expect 3 'cannot write taken' good.wasm -o taken
# A disk that is full, for a process that may only write so much.
full=$( (ulimit -f 16; "$hb_beamrc" data.wasm -o out 2>&1); echo "code $?")
check "a full disk: $full" test "$full" = $'hb_beamrc: cannot write out: File too large\ncode 3'

expect 1 'not a WebAssembly module' garbage.wasm -o out
expect 1 'the module is empty' empty.wasm -o out
expect 1 'threads must be enabled' threads.wasm -o out
expect 1 "threads support is not enabled (at offset 43), in function 2 'second'" atomic.wasm -o out
expect 1 'multiple memories' memories.wasm -o out
expect 1 'function 0 needs a frame of' -O0 wide.wasm -o out

expect 4 'out of memory' --memory-limit=60000000 large.wasm -o out
expect 4 'the time limit is reached' --time-limit=1 -O3 large.wasm -o out
expect 4 'the standard input is closed' --end-with-stdin large.wasm -o out
"$hb_beamrc" large.wasm -o out &
compiler=$!
kill -KILL "$compiler"
wait "$compiler" 2>/dev/null
check 'a refused or interrupted compilation leaves nothing' only_modules

expect 0 '' --progress=always good.wasm -o 'a name'
check 'the compiled module is there' test -s 'a name'
printf 'old' >out
expect 0 '' --target=aarch64 --cpu=generic -O0 --frames --nice good.wasm -o out
check 'an old file is replaced' test "$(head -c 4 out | tail -c 3)" = hba
cp good.wasm ./-x.wasm
expect 0 '' -o out -- -x.wasm

[ "$failures" = 0 ] && echo 'hb_beamrc: all passed'
exit "$((failures > 0))"
