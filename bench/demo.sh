#!/usr/bin/env bash
# The main job on real data: fetches SFace and the labelled faces (once), builds, embeds, mines with every rule, evaluates, draws a picture.
# Further arguments go to `tercet demo` (see: bench/demo.sh --help). TERCET_CACHE names another folder for the model and the faces.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bash "$root/bench/assets.sh"
exec dotnet run -c Release --project "$root/src/Tercet.Cli" -- demo --assets "${TERCET_CACHE:-$root/.cache/tercet}" "$@"
