#!/usr/bin/env bash
# Builds the example and runs its tests. Not 0: something failed.
# Usage: test.sh [module ...]; without modules, all. The project must be built.
# Settings: HB_BEAMR_EBIN (where hb_beamr.beam is, if not in the project's build).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/build.sh"
ebin=$("$here/find_hb_beamr.sh")
mkdir -p "$here/build/test"
"${ERLC:-erlc}" +debug_info -Werror -o "$here/build/test" "$here"/test/*.erl

if [ $# -gt 0 ]; then
  modules=("$@")
else
  modules=()
  for file in "$here"/test/*_tests.erl; do modules+=("$(basename "$file" .erl)"); done
fi
list=$(IFS=,; echo "${modules[*]}")
exec "${ERL:-erl}" -noshell -pa "$ebin" "$here/build/ebin" "$here/build/test" -eval "
  case eunit:test([$list], [verbose]) of ok -> halt(0); _ -> halt(1) end."
