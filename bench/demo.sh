#!/usr/bin/env bash
# The main job on real data: fetches SFace and the labelled faces (once), builds, embeds, mines with every rule, evaluates, draws a picture.
# Further arguments go to `tercet demo` (see: bench/demo.sh --help).
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/bench/assets.sh"
exec dotnet run -c Release --project "$root/src/Tercet.Cli" -- demo --assets "$root/.cache/tercet" "$@"
