#!/usr/bin/env bash
# The whole check of the CUDA backend on a machine with a card: builds the kernels, runs them under compute-sanitizer and against the CPU, runs the managed
# tests, and prints the table of times. See --help.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
    cat <<'HELP'
Usage: bench/gpu-check.sh [--help]

Needs an NVIDIA driver (nvidia-smi), cmake and a C++ compiler; nvcc, or a Debian whose packages native/toolchain.sh can fetch. Each further part is done where its tool is there, and
said to be left out where it is not:
  the native check (tests/native/device_check.cpp): every kernel on the card against float64, and times, through libcuda alone
  compute-sanitizer, where installed: the same check under memcheck, racecheck and synccheck
  the .NET SDK: everything built with -p:EnableCuda=true, the managed tests of the backend and of the forward pass on the card, and the table of times (bench/Tercet.Bench gpu)
  PyTorch with CUDA: the bare products and PyTorch's forms of batch-hard on the same card (bench/peers/gpu_peers.py)
The tables go to bench/results/CARD/gpu.md as well; commit that file of a quiet machine.
Exit status: 0 everything that could be run passed, 1 something failed or nothing could be run.
HELP
}
case "${1:-}" in '') ;; -h | --help) usage && exit 0 ;; *) usage >&2 && exit 2 ;; esac

have() { command -v "$1" >/dev/null 2>&1; }

have nvidia-smi && nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader || { echo "gpu-check: no NVIDIA driver here; nothing was run on a GPU"; exit 1; }
have cmake || { echo "gpu-check: cmake is missing"; exit 1; }

failed=0
step() {
    echo "== $*"
    "$@" || { echo "gpu-check: failed: $*"; failed=1; return 1; }
}

step cmake -S . -B artifacts/native && step cmake --build artifacts/native --parallel || exit 1
image=artifacts/native/tercet_kernels.fatbin
if [ ! -f "$image" ]; then
    image=artifacts/native/gate/tercet_kernels.fatbin
    TERCET_CUDA_ARCHITECTURES='sm_75 sm_80 sm_86 sm_89 sm_90a' step bash native/gate/gate.sh artifacts/native/tests/native/nvrtc_compile artifacts/native/gate || exit 1
fi
check=artifacts/native/tests/native/device_check
step "$check" "$image"
if have compute-sanitizer; then
    for tool in memcheck racecheck synccheck; do step compute-sanitizer --tool "$tool" --error-exitcode 1 "$check" "$image" --small; done
else
    echo "gpu-check: compute-sanitizer is not installed: left out"
fi

# What is measured, and on what; a part that is left out says so itself.
tables() {
    local status=0
    echo "# Mining on $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)"
    echo
    echo "Driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1), revision $(git rev-parse --short HEAD 2>/dev/null || echo unknown), by bench/gpu-check.sh."
    echo
    dotnet run --no-build -c Release --project bench/Tercet.Bench -p:EnableCuda=true -- gpu || status=1
    echo
    if have python3; then
        python3 bench/peers/gpu_peers.py
        case $? in 0 | 77) ;; *) status=1 ;; esac
    else
        echo "gpu-check: python3 is not installed: the comparison with PyTorch is left out"
    fi
    return "$status"
}

if have dotnet; then
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
    if step dotnet build Engine.sln -c Release -p:EnableCuda=true; then
        step dotnet test tests/Tercet.Tests -c Release --no-build -p:EnableCuda=true --filter 'FullyQualifiedName~Tercet.Tests.Cuda|FullyQualifiedName~Tercet.Tests.Forward'
        folder=bench/results/$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1 | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9\n' '-')
        mkdir -p "$folder"
        echo "== tables, also in $folder/gpu.md"
        tables | tee "$folder/gpu.md"
        [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "gpu-check: failed: the tables"; failed=1; }
    fi
else
    echo "gpu-check: the .NET SDK is not installed: the managed tests and the table are left out"
fi
exit "$failed"
