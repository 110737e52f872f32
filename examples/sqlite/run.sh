#!/usr/bin/env bash
# Builds the example and runs the demonstration, or an Erlang shell with the example's modules.
# Usage: run.sh [file]      the demonstration; default: build/demo.db in this folder
#        run.sh --shell     a shell in which sqlite:open/1 and sqlite:exec/2 work
# The project must be built. Settings: see build.sh and find_hb_beamr.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/build.sh"
ebin=$("$here/find_hb_beamr.sh")
erl=("${ERL:-erl}" -pa "$ebin" "$here/build/ebin")

if [ "${1:-}" = --shell ]; then
  echo 'Try: {ok, Db} = sqlite:open("/tmp/hello.db"), sqlite:exec(Db, "select sqlite_version()").'
  exec "${erl[@]}"
fi
exec "${erl[@]}" -noshell \
  -eval 'try sqlite_demo:main(init:get_plain_arguments()), halt(0)
         catch C:R:S -> io:format(standard_error, "~p: ~p~n~p~n", [C, R, S]), halt(1) end.' \
  -extra "${1:-$here/build/demo.db}"
