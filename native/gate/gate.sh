#!/usr/bin/env bash
# The compile gate: every kernel for every architecture, through NVRTC and with no GPU; then what the machine code must and must not hold.
#   gate.sh NVRTC_COMPILE OUTPUT_FOLDER
# Leaves tercet_kernels.fatbin in the folder, for the architectures that TERCET_CUDA_ARCHITECTURES names (sm_75 sm_80 sm_90a), with PTX for newer ones.
# Exit status 77: the compiler could not be fetched, and why is said.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
compile=$1 out=$2
tools=${TERCET_CUDA_TOOLS:-$here/../.cache/cuda-tools}
failed=0

complain() {
    echo "gate: $*"
    failed=1
}

if ! bash "$here/toolchain.sh"; then
    echo "gate: skipped, because there is no CUDA compiler and none could be fetched"
    exit 77
fi
PATH="$tools/bin:$PATH"
export LD_LIBRARY_PATH="$tools/lib"
mkdir -p "$out"

# machine_code KERNEL: the instructions of one kernel of the current architecture.
machine_code() { awk -v name="$1" '/Function :/ { on = $NF == name } on' "$sass"; }

# must KERNEL PATTERN MEANING, must_not KERNEL PATTERN MEANING
must() { machine_code "$1" | grep -cE "$2" >/dev/null || complain "$arch: $1 lacks $3"; }
must_not() { ! machine_code "$1" | grep -cE "$2" >/dev/null || complain "$arch: $1 has $3"; }

images=()
for arch in ${TERCET_CUDA_ARCHITECTURES:-sm_75 sm_80 sm_90a}; do
    cubin=$out/$arch.cubin sass=$out/$arch.sass
    if ! "$compile" "$tools/lib/libnvrtc.so.12" "$arch" "$here/kernels/all.cu" "$cubin" "$here/include" "$here/kernels" >"$out/$arch.log"; then
        complain "$arch does not compile"
        continue
    fi
    cuobjdump --dump-sass "$cubin" >"$sass" || complain "$arch: cuobjdump failed"
    images+=("--image3=kind=elf,sm=${arch#sm_},file=$cubin")
    kernels=$(sed -n "s/.*Compiling entry function '\([a-z0-9_]*\)'.*/\1/p" "$out/$arch.log")
    echo "$arch: $(echo "$kernels" | wc -l) kernels, at most $(sed -n 's/.*Used \([0-9]*\) registers.*/\1/p' "$out/$arch.log" | sort -n | tail -n 1) registers"
    [ "$(echo "$kernels" | wc -l)" -ge 54 ] || complain "$arch: kernels are missing"
    grep -E '[1-9][0-9]* bytes (spill|stack)' "$out/$arch.log" && complain "$arch: registers are spilled"
    for kernel in $kernels; do
        must_not "$kernel" '\bATOM[A-Z]*\.[A-Z0-9.]*CAS|\bATOM\.CAS' 'a compare-and-swap, which spins'
        must_not "$kernel" '\b(LDL|STL)\b' 'memory of its own threads'
    done
    for kernel in extremes_squared_euclidean extremes_cosine; do
        must "$kernel" '\bFFMA\b' 'fused multiply-adds'
        must "$kernel" '\bLDS(\.U)?\.128\b' '128-bit reads of shared memory'
        must "$kernel" '\b(ATOMG?|REDG?)\.E\.MIN' 'a native atomic minimum'
    done
    for kernel in semi_hard_squared_euclidean semi_hard_cosine loss_weights_squared_euclidean loss_weights_cosine loss_sums; do
        must "$kernel" '\bFFMA\b' 'fused multiply-adds'
        must "$kernel" '\bLDS(\.U)?\.128\b' '128-bit reads of shared memory'
    done
    must semi_hard_squared_euclidean '\b(ATOMG?|REDG?)\.E\.MIN' 'a native atomic minimum'
    must semi_hard_squared_euclidean '\bDFMA\b' 'fused float64'
    must loss_weights_squared_euclidean '\b(ATOMG?|REDG?)\.E\.ADD' 'a native atomic addition'
    # Cards before sm_80 have a kernel that is never launched.
    if [ "$arch" != sm_75 ]; then
        for kernel in extremes_mma_squared_euclidean extremes_mma_cosine semi_hard_mma_squared_euclidean semi_hard_mma_cosine; do
            must "$kernel" '\bHMMA\.16816\.F32\b' 'tensor-core products'
            must "$kernel" '\bHMMA\.16816\.F32 .*, RZ' 'products that begin at zero'
            must "$kernel" '\bLDGSTS\b' 'copies to shared memory that pass by the registers'
            must "$kernel" '\b(ATOMG?|REDG?)\.E\.MIN' 'a native atomic minimum'
        done
    fi
    for kernel in nearest_minima_squared_euclidean nearest_candidates_cosine; do
        must "$kernel" '\bFFMA\b' 'fused multiply-adds'
        must "$kernel" '\bLDS(\.U)?\.128\b' '128-bit reads of shared memory'
    done
    must nearest_minima_squared_euclidean '\b(ATOMG?|REDG?)\.E\.MIN' 'a native atomic minimum'
    must nearest_decide_squared_euclidean '\bDFMA\b' 'fused float64'
    must semi_hard_mma_squared_euclidean '\bDFMA\b' 'fused float64'
    # Warp groups are of sm_90a alone.
    if [ "$arch" = sm_90a ]; then
        for kernel in extremes_wgmma_squared_euclidean extremes_wgmma_cosine; do
            must "$kernel" '\bHGMMA\.64x128x16\.F32\b' 'products by warp groups'
            must "$kernel" '\bUBLKCP\.S\.G ' 'bulk copies'
            must "$kernel" '\bUBLKCP\.S\.G\.MULTICAST\b' 'bulk copies to both blocks of a cluster'
            must "$kernel" '\bUCGABAR_WAIT\b' 'a barrier of the cluster'
            must "$kernel" '\bSYNCS\.ARRIVE\.TRANS64\.RED\b' 'arrivals in the other block'
            must "$kernel" '\bSYNCS\.PHASECHK\b' 'barriers that copies arrive at'
            must "$kernel" '\bUSETMAXREG\b' 'registers that go from the copying group to the multiplying ones'
            must "$kernel" '\b(ATOMG?|REDG?)\.E\.MIN' 'a native atomic minimum'
            must_not "$kernel" '\bHGMMA.*, RZ' 'products that do not add'
            # Where the cluster begins, and where either sort of group ends.
            [ "$(machine_code "$kernel" | grep -cw 'MEMBAR.ALL.GPU')" -le 3 ] || complain "$arch: $kernel waits for all its memory at every step"
        done
        [ "$(cuobjdump --dump-elf "$cubin" | grep -A 2 CTA_PER_CLUSTER | grep -c 'Value:.*0x2 0x1 0x1')" -eq 2 ] || complain "$arch: the kernels by warp groups are not of clusters of two"
        grep -E 'C75[0-9]+.*extremes_wgmma' "$out/$arch.log" && complain "$arch: products by warp groups wait for each other"
    elif echo "$kernels" | grep -q wgmma; then
        complain "$arch: has a kernel of sm_90a"
    fi
    must decide_squared_euclidean '\bDADD\b' 'float64'
    # The CPU rounds a product and its addition once.
    must decide_squared_euclidean '\bDFMA\b' 'fused float64'
done

# For newer cards, whose drivers compile the newest of these: compute_75 has no tensor-core products.
for arch in compute_75 compute_80; do
    ptx=$out/$arch.ptx
    "$compile" "$tools/lib/libnvrtc.so.12" "$arch" "$here/kernels/all.cu" "$ptx" "$here/include" "$here/kernels" || complain "$arch does not compile"
    images+=("--image3=kind=ptx,sm=${arch#compute_},file=$ptx")
done
grep -q 'mma\.sync' "$ptx" || complain "$arch: tensor-core products are missing"
grep -qw 'trap' "$ptx" && complain "$arch: a kernel for older cards"
# NVRTC's front end does not validate all that the assembler does.
ptxas --gpu-name sm_90 -o /dev/null "$ptx" || complain "$arch does not assemble for a newer architecture"
[ "$failed" -eq 0 ] && { fatbinary --64 --create="$out/tercet_kernels.fatbin" "${images[@]}" || complain "no fatbin could be made"; }
exit "$failed"
