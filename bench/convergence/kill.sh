#!/usr/bin/env bash
# Kills a training 20 times at random moments (SIGKILL), resumes it each time, and compares its weights with those of a run that nobody disturbed.
#   bench/convergence/kill.sh [KILLS] [SEED]
# Exit status 0: every resume worked, no torn checkpoint was met, and the weights agree bit for bit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
kills=${1:-20}
RANDOM=${2:-$$}
program=bench/convergence/Tercet.Convergence/bin/Release/net10.0/tercet-train.dll
[ -f "$program" ] || dotnet build bench/convergence/Tercet.Convergence -c Release -v q
data=${TERCET_CACHE:-.cache/tercet}/fashion/train-images-idx3-ubyte.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
arguments=(--data "$data" --identities 10 --per-identity 10 --random-negatives 0 --channels 8 --threads 1 --steps 1500 --checkpoint-every 2)

newest() { ls "$work"/killed/checkpoints/step*.ckpt 2>/dev/null | tail -n 1; }

digest() { sed -n 's/.*"weights_sha256": "\(.*\)".*/\1/p'; }

whole=$(dotnet "$program" "${arguments[@]}" --out "$work/whole" --json 2>/dev/null | digest)
for kill in $(seq "$kills"); do
    before=$(newest || true)
    if [ "$kill" = 1 ]; then start=("${arguments[@]}" --out "$work/killed"); else start=(--resume "$work/killed"); fi
    dotnet "$program" "${start[@]}" >/dev/null 2>>"$work/log" &
    process=$!
    # Every fifth dies while it starts and loads; the others some time after they have saved something new.
    if [ $((kill % 5)) != 0 ]; then
        while [ "$(newest)" = "$before" ] && kill -0 "$process" 2>/dev/null; do sleep 0.02; done
    fi
    sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
    if kill -9 "$process" 2>/dev/null; then state=killed; else state='ended before'; fi
    wait "$process" 2>/dev/null || true
    printf '%2d %s, newest checkpoint %s, %s half-written left\n' "$kill" "$state" \
        "$(basename "$(newest)")" "$(find "$work/killed/checkpoints" -name '.*.tmp' | wc -l)"
done
killed=$(dotnet "$program" --resume "$work/killed" --json 2>>"$work/log" | digest)
echo "passed over as torn: $(grep -c 'passed over' "$work/log" || true); errors: $(grep -c 'error' "$work/log" || true)"
echo "undisturbed $whole"
echo "killed      $killed"
[ "$whole" = "$killed" ] && ! grep -q 'error\|passed over' "$work/log"
