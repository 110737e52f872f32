#!/usr/bin/env bash
# Measures and prints tables.
# Usage: bench/run.sh [calls|memory|lifecycle|preparation|parallel|waiting|fairness|compiled]...
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out="$root/_build/bench"
mkdir -p "$out"

(cd "$root" && rebar3 compile >"$out/compile.log" 2>&1) || { cat "$out/compile.log" >&2; exit 1; }
for wat in "$root"/bench/*.wat; do
  wat2wasm "$wat" -o "$out/$(basename "$wat" .wat).wasm"
done
cc -O2 -std=gnu11 -o "$out/memcpy" "$root/bench/memcpy.c"
erlc -Werror -o "$out" "$root"/bench/*.erl
# They need more than the rest; without them the others are measured.
case " ${*:-compiled} " in
  *' compiled '*) "$root/bench/kernels.sh" || echo "the kernels of 'compiled' are not built" >&2 ;;
esac

export HB_BEAMR_BENCH_DIR="$out" HB_BEAMR_MEMCPY="$out/memcpy"
# The example of SQLite builds it; the benchmark says so where it is missing.
export HB_BEAMR_SQLITE="$root/examples/sqlite/build/priv/sqlite.wasm"
names=""
for name in "$@"; do names="$names\"$name\","; done
exec erl -noshell +Q 262144 +P 1000000 -pa "$root/_build/default/lib/hb_beamr/ebin" -pa "$out" \
  -eval "hb_beamr_bench:main([${names%,}]), halt()."
