#!/usr/bin/env bash
# Compares Tercet with its peers on this machine: installs them, builds both sides, runs everybody in turn on the same data and cores, and
# writes bench/results/<machine>/cpu-mining.md, cpu-search.md and cpu-cells.md, each with a .json. Run it on a machine that does nothing else.
#   bench/peers/run.sh [--quick|--full] [mining] [search] [cells]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mode=--quick
comparisons=()
for argument in "$@"; do
    case "$argument" in
        --quick | --full) mode=$argument ;;
        mining | search | cells) comparisons+=("$argument") ;;
        *)
            echo "usage: $0 [--quick|--full] [mining] [search] [cells]" >&2
            exit 2
            ;;
    esac
done
[ ${#comparisons[@]} -gt 0 ] || comparisons=(mining search cells)

# Debian's own interpreter: the peers are Debian's packages.
python=/usr/bin/python3
packages=(python3-numpy python3-torch python3-sklearn python3-faiss python3-threadpoolctl libopenblas0-pthread util-linux g++)

missing=()
for package in "${packages[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing: ${missing[*]}; install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

export MSBUILDDISABLENODEREUSE=1
dotnet build bench/Tercet.Bench -c Release -v q
dotnet build bench/peers/TorchPeer -c Release -v q
"$python" bench/peers/TorchPeer/older_libstdcxx.py bench/peers/TorchPeer/bin/Release/net10.0

# What a machine's owner set for other programs must not slow a peer down, nor narrow our vectors; the harness chooses each peer's settings.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS OMP_NUM_THREADS MKL_NUM_THREADS MKL_DEBUG_CPU_TYPE MKL_ENABLE_INSTRUCTIONS \
    ATEN_CPU_CAPABILITY TERCET_LANES

status=0
for comparison in "${comparisons[@]}"; do
    "$python" "bench/peers/cpu_$comparison.py" "$mode" || status=$?
done
exit $status
