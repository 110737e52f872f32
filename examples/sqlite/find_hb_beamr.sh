#!/usr/bin/env bash
# Prints the folder of hb_beamr's compiled modules.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for folder in "${HB_BEAMR_EBIN:-}" "$root/_build/default/lib/hb_beamr/ebin" "$root/ebin"; do
  if [ -n "$folder" ] && [ -f "$folder/hb_beamr.beam" ]; then
    printf '%s\n' "$folder"
    exit
  fi
done
echo "hb_beamr is not built: build the project first, or set HB_BEAMR_EBIN" >&2
exit 1
