#!/usr/bin/env bash
# Which way of choosing triplets learns faster? Trains every data set x strategy x seed, then writes the table and the plots into bench/results/.
# Under 40 minutes on 2 cores. Each training is a process of its own with one thread, two at a time; its result is kept in .cache/convergence, so that
# a run that was stopped goes on where it was. To begin anew: rm -r .cache/convergence*
#   bench/convergence/run.sh [SEEDS]      default 3
# TERCET_RUN_UNDER may name a command to run each training under.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
seeds=${1:-3}
cells=.cache/convergence
program=bench/convergence/Tercet.Convergence/bin/Release/net10.0/Tercet.Convergence

[ -n "${TERCET_SKIP_BUILD:-}" ] || dotnet build bench/convergence/Tercet.Convergence -c Release -v q
bash bench/convergence/assets.sh "$program"
data=${TERCET_CACHE:-.cache/tercet}
mkdir -p "$cells"

train() {
    local file="$3/${1//\//-}.json"
    [ -f "$file" ] && exit 0
    # shellcheck disable=SC2086
    ${TERCET_RUN_UNDER:-} "$2" cell "$1" "$4" "$file" && echo "done: $1"
}
export -f train
"$program" cells "$seeds" | xargs -P 2 -I {} bash -c 'train "$@"' _ {} "$program" "$cells" "$data"
# What a step costs, one after the other: about two minutes, for which nothing else should run.
pace=.cache/convergence-pace.json
# shellcheck disable=SC2086
[ -f "$pace" ] || ${TERCET_RUN_UNDER:-} "$program" pace "$data" "$pace"
"$program" report "$cells" "$pace" bench/results
