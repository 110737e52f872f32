#!/usr/bin/env bash
# Builds the kernels that the group "compiled" of run.sh measures into _build/bench: each for this
# machine (NAME) and as a module (NAME.wasm), from the same source by the same compiler. What is
# there and has the same inputs is left alone: SQLite takes half a minute each.
#
# Needs what `scripts/install-deps.sh demo` installs. Settings: CLANG, and those of
# examples/sqlite/build.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out="$(dirname "$here")/_build/bench"
clang=${CLANG:-clang}

ours=(-O2 -std=gnu11 -Wall -Wextra -Werror)
# What interpreted code may have as well, and nothing else, whatever clang's default is.
features=(-mcpu=mvp -mmutable-globals -msign-ext -mnontrapping-fptoint -mbulk-memory)
bare=(--target=wasm32 "${features[@]}")
wasi=(--target=wasm32-wasi --sysroot=/usr "${features[@]}")
# shellcheck disable=SC2054  # the commas belong to -Wl
linking=(-nostartfiles -Wl,--no-entry -Wl,--strip-all)

# sqlite_kernel.c is its operating system. As in the example there is no long double: 80 bits here
# and 128 in software there would not be the same work.
sqlite=(-O2 -w -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_WAL
  -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_LOCALTIME
  -DSQLITE_TEMP_STORE=3 -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_MAX_WORKER_THREADS=0
  -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_OMIT_DEPRECATED -DLONGDOUBLE_TYPE=double)

say() { printf 'kernels: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# What a command depends on; the files among its arguments are those that it reads.
inputs() {
  local argument
  "$clang" --version
  cat "$here/native.h"
  for argument in "$@"; do
    printf '%s\n' "$argument"
    if [ -f "$argument" ]; then cat "$argument"; fi
  done
}

# Runs clang with these arguments, of which the first is the file that it makes.
build() {
  local result=$1 key
  shift
  key=$(inputs "$@" | sha256sum)
  if [ -f "$result" ] && [ "$(cat "$result.key" 2>/dev/null)" = "$key" ]; then return; fi
  say "compiling ${result##*/}"
  rm -f "$result.key"
  "$clang" "$@" -o "$result" || fail "clang cannot make ${result##*/}: scripts/install-deps.sh demo"
  printf '%s\n' "$key" >"$result.key"
}

command -v "$clang" >/dev/null || fail "$clang not found; it is in the Debian package clang"
mkdir -p "$out"

# Modules are linked without -O2, at which clang would look for binaryen's wasm-opt and run it.
build "$out/kernels" "${ours[@]}" "$here/kernels.c"
build "$out/kernels.wasm.o" "${bare[@]}" "${ours[@]}" -c "$here/kernels.c"
build "$out/kernels.wasm" "${bare[@]}" -nostdlib "${linking[@]}" "$out/kernels.wasm.o"

source_dir=$("$here/../examples/sqlite/build.sh" --source)
ours+=(-isystem "$source_dir")
build "$out/sqlite3.o" "${sqlite[@]}" -c "$source_dir/sqlite3.c"
build "$out/sqlite_kernel" "${ours[@]}" "$here/sqlite_kernel.c" "$out/sqlite3.o" -lm
build "$out/sqlite3.wasm.o" "${wasi[@]}" "${sqlite[@]}" -c "$source_dir/sqlite3.c"
build "$out/sqlite_kernel.wasm.o" "${wasi[@]}" "${ours[@]}" -c "$here/sqlite_kernel.c"
build "$out/sqlite_kernel.wasm" "${wasi[@]}" "${linking[@]}" "$out/sqlite_kernel.wasm.o" \
  "$out/sqlite3.wasm.o"
