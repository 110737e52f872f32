#!/usr/bin/env bash
# Installs what is missing, builds the project and runs the example: SQLite in a guest, its disk in
# Erlang. Usage: demo.sh [arguments of examples/sqlite/run.sh, such as --shell]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log="$root/_build/logs/demo-build.log"

export LC_ALL=C.UTF-8
"$root/scripts/install-deps.sh" build demo

mkdir -p "${log%/*}"
cd "$root"
if [ ! -f priv/hb_beamr.so ]; then
  echo "demo: building the driver (a minute or two, once; output: _build/logs/demo-build.log)" >&2
fi
if ! rebar3 compile >"$log" 2>&1 </dev/null; then
  tail -n 60 "$log" >&2
  echo "demo: the build failed; its whole output is in _build/logs/demo-build.log" >&2
  exit 1
fi
exec examples/sqlite/run.sh "$@"
