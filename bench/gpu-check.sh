#!/usr/bin/env bash
# The whole check of the CUDA backend on a machine with a card: builds the kernels, runs them under compute-sanitizer and against the CPU, and prints the tables of times. See --help.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
    cat <<'HELP'
Usage: bench/gpu-check.sh [--quick] [--limit SECONDS] [PART ...]
       bench/gpu-check.sh --pack

Parts, in this order; all where none is named. --quick leaves the large shapes out. --limit is the most that one program may take on the card, 900 seconds, or 300 with --quick: a kernel that hangs ends there.
  native     tests/native/device_check.cpp: every kernel on the card against float64, and times, through libcuda alone, in float32, by mma.sync and by wgmma
  sanitizer  the same check under compute-sanitizer's memcheck, racecheck and synccheck
  check      bench/Tercet.Gpu check: rules, metrics, formats and ways to the card against the CPU, with each unit that multiplies there
  tests      the managed tests of the backend and of the forward pass on the card
  tables     bench/Tercet.Gpu table, and bench/peers/gpu_peers.py; also to bench/results/CARD/gpu.md: commit that file of a quiet machine

Needs an NVIDIA driver and, for what it builds, a C++ compiler; no CMake. A part whose tool is missing is left out, and that is said: compute-sanitizer, the .NET SDK, PyTorch.
Kernels come from nvcc (PATH, CUDA_HOME or /usr/local/cuda); without it, or where it fails, from artifacts/gpu or artifacts/native, where a build has left them; else NVRTC is fetched.
A machine without .NET or network is served by --pack, on another one of the same system: it leaves in artifacts/gpu the kernels (sm_75 sm_80 sm_90a, PTX for newer cards), the native check,
and Tercet.Gpu as one native binary, 25 MB in all; carry that folder along. --pack needs the .NET SDK with the package ManagedCuda-12, clang or gcc, CMake, and what native/toolchain.sh fetches.
Exit status: 0 everything that could be run passed, 1 something failed or nothing could be run, 2 wrong usage.
HELP
}

have() { command -v "$1" >/dev/null 2>&1; }

failed=0 ran=0
step() {
    echo "== $*"
    "$@" || { echo "gpu-check: failed ($?): $*"; failed=1; return 1; }
}

# on_card COMMAND...: with the time limit, since a kernel that waits for what never comes would hold the whole check.
on_card() {
    have timeout || { "$@"; return; }
    local status
    timeout --kill-after=10 "$limit" "$@"
    status=$?
    case $status in 124 | 137) echo "gpu-check: ended after $limit s: a kernel hangs, or --limit is too short for this card: $*" ;; esac
    return "$status"
}

left_out() { echo "gpu-check: left out: $*"; }

out=artifacts/gpu

# The native check with the C++ compiler alone.
build_check() {
    local compiler problem sources=(tests/native/device_check.cpp)
    for compiler in "${CXX:-}" c++ g++ clang++; do [ -n "$compiler" ] && have "$compiler" && break; done
    have "$compiler" || return 1
    for problem in tests/native/*_problem.cpp; do sources+=("$problem"); done
    # Contraction off: the oracle rounds after every operation.
    "$compiler" -std=c++17 -O2 -ffp-contract=off -I native/include -I native/kernels "${sources[@]}" -ldl -o "$out/device_check.new" && mv "$out/device_check.new" "$out/device_check"
}

# The kernels with nvcc, for what it knows of our architectures.
build_kernels() {
    local nvcc='' each known code=()
    for each in nvcc "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" /usr/local/cuda/bin/nvcc; do have "$each" && nvcc=$each && break; done
    [ -n "$nvcc" ] || return 1
    known=$("$nvcc" --list-gpu-arch 2>/dev/null)
    for each in 75 80 86 89 90a 100; do
        # The list leaves out the letter of architectures of their own.
        grep -qx "compute_${each%a}" <<<"$known" && code+=(-gencode "arch=compute_$each,code=sm_$each")
    done
    code+=(-gencode arch=compute_80,code=compute_80)
    if ! "$nvcc" -std=c++17 --fatbin --threads 0 --ptxas-options=-v "${code[@]}" -I native/include -I native/kernels -o "$out/nvcc.fatbin" native/kernels/all.cu >"$out/nvcc.log" 2>&1; then
        cat "$out/nvcc.log"
        return 1
    fi
    # Right answers, but slow ones: what is measured would not be what is meant.
    grep -E 'C75[0-9]+' "$out/nvcc.log" && { echo "gpu-check: products by warp groups wait for each other (above)"; waits=1; }
    return 0
}

pack() {
    mkdir -p "$out"
    step cmake -S . -B artifacts/native && step cmake --build artifacts/native --target nvrtc_compile || return
    step bash native/gate/gate.sh artifacts/native/tests/native/nvrtc_compile artifacts/native/gate || return
    cp artifacts/native/gate/tercet_kernels.fatbin "$out/carried.fatbin"
    step build_check
    local linker=()
    have clang || linker=(-p:CppCompilerAndLinker=gcc)
    step dotnet publish bench/Tercet.Gpu -c Release -r linux-x64 -p:PublishAot=true -p:EnableCuda=true -p:DebugType=none "${linker[@]+"${linker[@]}"}" --artifacts-path "$PWD/artifacts/gpu-publish" -o "$PWD/artifacts/gpu-publish/out" || return
    cp artifacts/gpu-publish/out/Tercet.Gpu "$out/"
    du -sh "$out"
}

quick='' parts=() limit='' waits=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --quick) quick=1 ;;
    --limit) shift && [[ ${1:-} =~ ^[1-9][0-9]*$ ]] && limit=$1 || { usage >&2 && exit 2; } ;;
    --pack) pack && exit "$failed"; exit 1 ;;
    native | sanitizer | check | tests | tables) parts+=("$1") ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(native sanitizer check tests tables)
limit=${limit:-${quick:+300}} limit=${limit:-900}

have nvidia-smi && nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader || { echo "gpu-check: no NVIDIA driver here; nothing was run on a GPU"; exit 1; }
mkdir -p "$out"

# ManagedCuda looks for libcuda.so; many machines, and most containers, have libcuda.so.1 alone.
cuda_library=$(ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1 / { print $NF; exit }')
for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/nvidia/lib64 /usr/lib/wsl/lib; do [ -n "$cuda_library" ] || { [ -e "$folder/libcuda.so.1" ] && cuda_library=$folder/libcuda.so.1; }; done
if [ -n "$cuda_library" ]; then
    mkdir -p "$out/lib" && ln -sf "$cuda_library" "$out/lib/libcuda.so"
    export LD_LIBRARY_PATH="$PWD/$out/lib:$(dirname "$cuda_library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

image=''
if step build_kernels; then image=$out/nvcc.fatbin; else
    # Not a failure of what is checked where other kernels are there.
    failed=0
    for each in "$out/carried.fatbin" artifacts/native/tercet_kernels.fatbin artifacts/native/gate/tercet_kernels.fatbin; do [ -z "$image" ] && [ -f "$each" ] && image=$each; done
    if [ -z "$image" ] && have cmake && cmake -S . -B artifacts/native && cmake --build artifacts/native --target nvrtc_compile &&
        TERCET_CUDA_ARCHITECTURES='sm_75 sm_80 sm_86 sm_89 sm_90a' bash native/gate/gate.sh artifacts/native/tests/native/nvrtc_compile artifacts/native/gate; then
        image=artifacts/native/gate/tercet_kernels.fatbin
    fi
fi
[ -n "$image" ] || { echo "gpu-check: there are no kernels: nvcc is not there or failed, and none were carried along"; exit 1; }
echo "gpu-check: kernels are $image"
export TERCET_CUDA_KERNELS=$PWD/$image

build_check || echo "gpu-check: the native check was not built here"
gpu=()
if have dotnet; then
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
    step dotnet build bench/Tercet.Gpu -c Release -v q -p:EnableCuda=true && gpu=(dotnet run --no-build -c Release --project bench/Tercet.Gpu -p:EnableCuda=true --)
fi
has_managed=${#gpu[@]}
# What was carried along stands in where nothing could be built, such as where the packages cannot be had.
if [ "$has_managed" -eq 0 ] && [ -x "$out/Tercet.Gpu" ]; then
    gpu=("$out/Tercet.Gpu")
    failed=0
fi

# What is measured, and on what; a part that is left out says so itself.
tables() {
    local status=0
    echo "# Mining on $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)"
    echo
    echo "Driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1), revision $(git rev-parse --short HEAD 2>/dev/null || echo unknown), kernels $(basename "$image"), by bench/gpu-check.sh."
    echo
    if [ ${#gpu[@]} -gt 0 ]; then on_card "${gpu[@]}" table ${quick:+1800x128 8192x512} || status=1; else left_out "our own table: neither .NET nor $out/Tercet.Gpu is there"; fi
    echo
    if have python3; then
        on_card python3 bench/peers/gpu_peers.py
        case $? in 0 | 77) ;; *) status=1 ;; esac
    else
        left_out "the comparison with PyTorch: python3 is not installed"
    fi
    return "$status"
}

for part in "${parts[@]}"; do
    case $part in
    native)
        if [ -x "$out/device_check" ]; then ran=1; step on_card "$out/device_check" "$image" ${quick:+--small}; else left_out "the native check: there is no C++ compiler"; fi
        ;;
    sanitizer)
        sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
        if [ -n "$sanitizer" ] && [ -x "$out/device_check" ]; then
            for tool in memcheck racecheck synccheck; do step on_card "$sanitizer" --tool "$tool" --error-exitcode 1 "$out/device_check" "$image" --small; done
        else
            left_out "compute-sanitizer is not installed"
        fi
        ;;
    check)
        if [ ${#gpu[@]} -gt 0 ]; then ran=1; step on_card "${gpu[@]}" check ${quick:+37x9 300x16 700x300}; else left_out "the check against the CPU: neither .NET nor $out/Tercet.Gpu is there"; fi
        ;;
    tests)
        if [ "$has_managed" -gt 0 ]; then
            step dotnet build tests/Tercet.Tests -c Release -v q -p:EnableCuda=true &&
                step on_card dotnet test tests/Tercet.Tests -c Release --no-build -p:EnableCuda=true --filter 'FullyQualifiedName~Tercet.Tests.Cuda|FullyQualifiedName~Tercet.Tests.Forward'
        else
            left_out "the managed tests: there is no .NET SDK, or not its packages"
        fi
        ;;
    tables)
        folder=bench/results/$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1 | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9\n' '-')
        mkdir -p "$folder"
        echo "== tables, also in $folder/gpu.md"
        tables | tee "$folder/gpu.md"
        [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "gpu-check: failed: the tables"; failed=1; }
        ;;
    esac
done
[ -z "$waits" ] || failed=1
[ "$ran" -eq 1 ] || { echo "gpu-check: nothing was checked on the card"; failed=1; }
exit "$failed"
