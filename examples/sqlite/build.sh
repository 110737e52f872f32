#!/usr/bin/env bash
# Builds the example into examples/sqlite/build: the guest (priv/sqlite.wasm) and the Erlang
# modules (ebin). SQLite's source and the compiled guest are kept in a cache, so that only the
# first run downloads and compiles.
# Usage: build.sh            builds
#        build.sh --source   fetches the source and prints the folder of sqlite3.c
#
# Needs: bash, coreutils, cargo (for the download), clang, lld, wasi-libc,
# libclang-rt-<version>-dev-wasm32, erlc.
# Settings: CLANG, ERLC, CARGO (programs), XDG_CACHE_HOME (where the cache is).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build="$here/build"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hb_beamr/sqlite"
clang=${CLANG:-clang}
erlc=${ERLC:-erlc}
cargo=${CARGO:-cargo}
crate=libsqlite3-sys-0.30.1

# Everything that the engine offers and clang can use; nothing else, whatever clang's default is.
features=(-mcpu=mvp -mmutable-globals -msign-ext -mnontrapping-fptoint -mbulk-memory)

target=(--target=wasm32-wasi --sysroot=/usr "${features[@]}")
# Not for linking: there clang would run binaryen's wasm-opt if it is installed, which does not know
# the features.
optimized=(-O2)

sqlite_options=(
  # The operating system is c_src/vfs.c: one file, its journal, no threads, no shared memory.
  -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_WAL -DSQLITE_OMIT_SHARED_CACHE
  -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_LOCALTIME -DSQLITE_TEMP_STORE=3
  -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_MAX_WORKER_THREADS=0
  # One attached database: VACUUM needs it, for a copy in memory.
  -DSQLITE_MAX_ATTACHED=1
  # A commit is durable when it returns: EXTRA also syncs the deletion of the journal.
  -DSQLITE_DEFAULT_SYNCHRONOUS=3
  # As SQLite recommends for new programs.
  -DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS
  -DSQLITE_OMIT_DEPRECATED -DSQLITE_ENABLE_MATH_FUNCTIONS
  # wasm32 has no long double in hardware: 128-bit software floats would be 20 times slower than
  # the pair of doubles that SQLite uses instead.
  -DLONGDOUBLE_TYPE=double
  # A value of 32 MiB fits several times into the guest's memory (max-memory below).
  -DSQLITE_MAX_LENGTH=33554432 -DSQLITE_MAX_SQL_LENGTH=16777216
)

# shellcheck disable=SC2054  # the commas belong to -Wl
linker_options=(
  -mexec-model=reactor
  -Wl,--export=malloc -Wl,--export=free
  -Wl,--max-memory=268435456
  # The stack lies below the data: an overflow leaves the memory and traps.
  -Wl,-z,stack-size=1048576 -Wl,--stack-first
  -Wl,--gc-sections -Wl,--strip-all
)

sources=("$here"/c_src/guest.c "$here"/c_src/codec.c "$here"/c_src/vfs.c)
headers=("$here"/c_src/codec.h "$here"/c_src/host.h)

work=
trap 'rm -rf "${work:-}"' EXIT

say() { printf 'sqlite: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 not found; it is in the Debian package $2"; }
digest() { sha256sum | cut -c1-32; }

# A cache entry is made beside its place and moved there whole: two builds at once, or one that
# is killed, leave no half of it.
install_entry() {
  mkdir -p "$(dirname "$2")"
  if ! mv -T "$1" "$2" 2>/dev/null; then [ -e "$2" ] || fail "cannot write $2"; fi
}

fetch_source() {
  source_dir="$cache/source-$(digest <"$here/Cargo.lock")"
  if [ ! -f "$source_dir/$crate/sqlite3/sqlite3.c" ]; then
    command -v "$cargo" >/dev/null || fail "cargo not found; it is in the Debian package cargo"
    say "fetching $crate"
    "$cargo" vendor --locked --versioned-dirs --manifest-path "$here/Cargo.toml" \
      "$work/source" >"$work/cargo.log" 2>&1 || { cat "$work/cargo.log" >&2; fail "cargo vendor failed"; }
    install_entry "$work/source" "$source_dir"
  fi
  sqlite_dir="$source_dir/$crate/sqlite3"
}

compile_guest() {
  need "$clang" clang
  local key
  key=$({
    "$clang" --version
    # The C library and the compiler's own are linked in.
    cat "$("$clang" "${target[@]}" -print-libgcc-file-name 2>/dev/null)" /dev/null 2>/dev/null || true
    cat /usr/lib/wasm32-wasi/libc.a 2>/dev/null || true
    printf '%s\n' "$source_dir" "${target[@]}" "${optimized[@]}" "${sqlite_options[@]}" "${linker_options[@]}"
    cat "${sources[@]}" "${headers[@]}"
  } | digest)
  wasm="$cache/guest-$key.wasm"
  [ -f "$wasm" ] && return
  say "compiling SQLite to WebAssembly (about half a minute, once)"
  # Warnings are for our own files; those of SQLite are SQLite's.
  "$clang" "${target[@]}" "${optimized[@]}" "${sqlite_options[@]}" -w \
    -ffunction-sections -fdata-sections -c "$sqlite_dir/sqlite3.c" -o "$work/sqlite3.o" ||
    fail "clang cannot compile for wasm32-wasi: are wasi-libc and libclang-rt-<version>-dev-wasm32 installed?"
  (cd "$work" && "$clang" "${target[@]}" "${optimized[@]}" -std=c11 -Wall -Wextra \
    -isystem "$sqlite_dir" -c "${sources[@]}") || fail "clang cannot compile the guest"
  "$clang" "${target[@]}" "${linker_options[@]}" "$work"/*.o -o "$work/sqlite.wasm" ||
    fail "clang cannot link: are lld, wasi-libc and libclang-rt-<version>-dev-wasm32 installed?"
  # The C library must not have brought imports of its own: there is no WASI here.
  ! grep -aq wasi_ "$work/sqlite.wasm" || fail "the guest imports WASI functions"
  install_entry "$work/sqlite.wasm" "$wasm"
}

compile_erlang() {
  need "$erlc" erlang-base
  mkdir -p "$build/ebin" "$build/priv"
  "$erlc" +debug_info -Werror +warn_missing_spec -o "$build/ebin" "$here"/src/*.erl
}

case "$*" in
  '' | --source) ;;
  *) fail "unknown arguments '$*': --source or none" ;;
esac
mkdir -p "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
fetch_source
if [ "${1:-}" = --source ]; then
  printf '%s\n' "$sqlite_dir"
  exit
fi
compile_guest
compile_erlang
cp "$wasm" "$work/copy"
mv "$work/copy" "$build/priv/sqlite.wasm"
