#!/usr/bin/env bash
# The service under load. See --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 LC_ALL=C
program=bench/load/Tercet.Load/bin/Release/net10.0/Tercet.Load
cache=${TERCET_CACHE:-$root/.cache/tercet}
# As tercet-server sets it for itself.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}
small=src/Tercet.Train/Example/quickdraw.onnx
sface=("--model" "$cache/sface.onnx" "--preprocess" "sface")

usage() {
    cat <<'HELP'
Usage: bench/load/run.sh            engine, server and answers, about 13 minutes
       bench/load/run.sh PART       one of them, or soak; each writes bench/results/<machine>/service-PART.md
       bench/load/run.sh VERB ...   one measurement with options of one's own: rates, overhead, answers, soak; VERB --help lists them

Parts:
  engine    the engine beside the bare ONNX Runtime call; SFace in process at 0.5 to 10 times its capacity, arrivals at a fixed rate and Poisson
  server    the same with images, in process and over HTTP
  answers   750,000 requests of the example model, twice as many as can be answered, every answer compared: in process, in batches, over HTTP
  soak      30 minutes of mixed load on the server, which must not grow

Builds what is needed and fetches SFace and the faces as bench/demo.sh does. Latency counts from the moment at which a request was due.
Run engine and server on a machine that does nothing else; answers and soak measure no times.

Environment:
  TERCET_CACHE       the folder with the model and the faces; default .cache/tercet
  TERCET_SKIP_BUILD  1 to run what was built before
  TERCET_RUN_UNDER   a command to run each measurement under
HELP
}

# under COMMAND...: runs it, its result to standard output.
under() {
    # shellcheck disable=SC2086
    ${TERCET_RUN_UNDER:-} "$program" "$@"
}

machine() {
    lscpu | awk -F': *' '
        $1 == "Model name" { name = $2 } $1 == "CPU family" { family = $2 } $1 == "Model" { model = $2 }
        END { printf "%s family %s model %s", name, family, model }'
}

# alone COMMAND...: on one processor, so that who is compared has the same one.
alone() {
    if command -v taskset >/dev/null; then
        # shellcheck disable=SC2086
        ${TERCET_RUN_UNDER:-} taskset -c 0 "$program" "$@"
    else
        under "$@"
    fi
}

# heading TEXT: what a report begins with.
heading() {
    printf '# %s\n\n%s, %s processors, %s, commit %s, load at the start %s.\n\n' "$1" "$(machine)" "$(nproc)" "$(date -I)" "$(git describe --always --dirty)" "$(cut -d ' ' -f 1 /proc/loadavg)"
}

engine() {
    heading 'The engine under load'
    alone overhead "${sface[@]}" --pairs 400 --workers 1
    alone overhead --model "$small" --pairs 20000 --workers 1
    under rates "${sface[@]}" --rounds 5
    under rates "${sface[@]}" --poisson
}

server() {
    heading 'The server under load, and the engine with the same images'
    under rates "${sface[@]}" --images "$cache/faces" --rounds 5
    under rates "${sface[@]}" --images "$cache/faces" --rounds 5 --http
}

answers() {
    heading 'Every answer compared'
    under answers --model "$small"
    under answers --model "$small" --batch 8
    under answers --model "$small" --http
}

soak() {
    heading 'The server under a long mixed load'
    under soak --model "$small" --images "$cache/faces"
}

case ${1-} in
    -h | --help)
        usage
        exit 0
        ;;
esac
[ -n "${TERCET_SKIP_BUILD:-}" ] || dotnet build bench/load/Tercet.Load -c Release -v q 1>&2
folder=bench/results/$(machine | tr '[:upper:]' '[:lower:]' | sed 's/(r)//g; s/(tm)//g; s/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')-$(nproc)c
if [ $# -gt 1 ] || [[ ${1-} =~ ^(rates|overhead)$ ]]; then
    under "$@"
    exit
fi
bash bench/assets.sh 1>&2
mkdir -p "$folder"
case ${1-} in
    '') parts=(engine server answers) ;;
    engine | server | answers | soak) parts=("$1") ;;
    *)
        usage >&2
        exit 2
        ;;
esac
for part in "${parts[@]}"; do "$part" | tee "$folder/service-$part.md"; done
