#!/bin/sh
# Builds priv/hb_beamr.so and, if LLVM is here, priv/hb_beamrc; does nothing if they are up to date.
# Rebar3 calls this before it compiles.
# Usage: build-native.sh [clean]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
source=$root/native/hb_beamr
build=$root/_build/native/release

if [ "${1:-}" = clean ]; then
  rm -rf "$build" "$root/priv/hb_beamr.so" "$root/priv/hb_beamrc"
  exit 0
fi

missing=
for tool in cmake ninja c++ cargo patch erl; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
  echo "hb_beamr cannot be built here, missing:$missing" >&2
  echo "Debian: apt install cmake ninja-build g++ cargo-web patch erlang-dev libboost-context-dev" >&2
  echo "(cargo-web is cargo from Debian 13 on)" >&2
  exit 1
fi

# Ninja configures again by itself when a CMake file changes, but does not know of presets, nor
# that the project was copied from elsewhere together with its build tree.
cache=$build/CMakeCache.txt
cd "$source"
if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source" "$cache" 2>/dev/null; then
  cmake --preset release --fresh
elif [ ! -f "$build/build.ninja" ] || [ CMakePresets.json -nt "$cache" ]; then
  cmake --preset release
fi
cmake --build --preset release --target install_driver
if grep -q '^build install_compiler:' "$build/build.ninja"; then
  cmake --build --preset release --target install_compiler
fi
