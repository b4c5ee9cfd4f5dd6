#!/usr/bin/env bash
# The whole check of the CUDA backend on a machine with a card: builds the kernels, runs them under compute-sanitizer and against the CPU, and times
# them. See --help.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
    cat <<'HELP'
Usage: bench/gpu-check.sh [--help]

Needs an NVIDIA driver (nvidia-smi), cmake and a C++ compiler; nvcc, or a Debian whose packages native/toolchain.sh can fetch. Each further part is done where its tool is there, and
said to be left out where it is not:
  the native check (tests/native/device_check.cpp): every kernel on the card against float64, and times, through libcuda alone
  compute-sanitizer, where installed: the same check under memcheck, racecheck and synccheck
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
exit "$failed"
