// What a kernel for sm_90a needs beside device.h: bulk copies to shared memory, barriers that they arrive at, and products by groups of four warps. Once as PTX and
// once for the host simulation.
#pragma once

#include "tercet/device.h"

// Only code for sm_90a itself has these instructions; other images have no kernel of this header.
#if defined(TERCET_HOST_SIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define TERCET_HAS_WARP_GROUPS
#endif

#if defined(TERCET_HAS_WARP_GROUPS)

namespace tercet {
namespace device {

constexpr int kWarpGroup = 128;
// A product's rows, columns and depth.
constexpr int kProductRows = 64;
constexpr int kProductColumns = 128;
constexpr int kProductDepth = 16;
// Results of a product that one thread holds.
constexpr int kProductSums = kProductRows * kProductColumns / kWarpGroup;
// Blocks of a cluster, one beside the other in the grid.
constexpr int kClusterBlocks = 2;

TERCET_DEVICE int cluster() { return block() / kClusterBlocks; }
TERCET_DEVICE int clusters() { return blocks() / kClusterBlocks; }
TERCET_DEVICE int cluster_rank() { return block() % kClusterBlocks; }

// An operand in shared memory is rows of 64 float16, 128 bytes each, in groups of 8 that are aligned to 1,024 bytes; bits 4 to 6 of an address are taken XOR bits 7 to 9.

#if defined(TERCET_HOST_SIM)

using PhaseBarrier = simulation::PhaseBarrier;
using Operand = const unsigned char*;

inline void start_barrier(PhaseBarrier& barrier, int arrivals) { simulation::start_barrier(barrier, arrivals); }
inline void publish_barriers() {}
inline void cluster_barrier() { simulation::cluster_barrier(); }
inline void arrive(PhaseBarrier& barrier) { simulation::arrive(barrier, 0); }
inline void arrive_in(PhaseBarrier& barrier, int rank) { simulation::arrive_in(barrier, rank); }
inline void arrive_expecting(PhaseBarrier& barrier, int bytes) { simulation::arrive(barrier, bytes); }
inline void wait_for_phase(PhaseBarrier& barrier, int parity) { simulation::wait_for_phase(barrier, parity); }
inline void copy_bulk(void* target, const void* source, int bytes, PhaseBarrier& barrier) {
    simulation::copy_bulk(target, source, static_cast<std::size_t>(bytes), barrier);
}
inline void copy_bulk_to_cluster(void* target, const void* source, int bytes, PhaseBarrier& barrier) {
    simulation::copy_bulk_to_cluster(target, source, static_cast<std::size_t>(bytes), barrier);
}

inline void give_registers() {}
inline void take_registers() {}

inline Operand operand_of(const unsigned char* memory) { return memory; }
inline Operand operand_after(Operand operand, int bytes) { return operand + bytes; }

// The float16 at a linear place of an operand: the pieces' places follow from bits 7 to 9 of the address.
inline float operand_half(Operand operand, int row, int k) {
    const auto linear = reinterpret_cast<std::uintptr_t>(operand) + static_cast<std::uintptr_t>(row) * 128u + static_cast<std::uintptr_t>(k) * 2u;
    std::uint16_t half;
    std::memcpy(&half, reinterpret_cast<const void*>(linear ^ ((linear >> 7 & 7u) << 4)), sizeof half);
    return from_half(half);
}

// wgmma.m64n128k16, one thread's part. Sums are cut, not rounded, as cards do.
inline void multiply_part(float* sums, Operand rows, Operand columns) {
    const int warp = thread() / kWarp % 4, group = (thread() & (kWarp - 1)) / 4, pair = thread() % 4;
    double own[2][kProductDepth];
    for (int i = 0; i < 2; ++i) {
        for (int k = 0; k < kProductDepth; ++k) {
            own[i][k] = static_cast<double>(operand_half(rows, warp * 16 + i * 8 + group, k));
        }
    }
    for (int j = 0; j < kProductColumns / 8; ++j) {
        for (int c = 0; c < 2; ++c) {
            double column[kProductDepth];
            for (int k = 0; k < kProductDepth; ++k) {
                column[k] = static_cast<double>(operand_half(columns, j * 8 + pair * 2 + c, k));
            }
            for (int i = 0; i < 2; ++i) {
                float& target = sums[j * 4 + i * 2 + c];
                double sum = static_cast<double>(target);
                for (int k = 0; k < kProductDepth; ++k) {
                    sum += own[i][k] * column[k];
                }
                float cut = static_cast<float>(sum);
                if (__builtin_fabs(static_cast<double>(cut)) > __builtin_fabs(sum)) {
                    cut = float_from_bits(float_bits(cut) - 1u);
                }
                target = cut;
            }
        }
    }
}

inline void begin_products() {}
inline void multiply_operands(float (&sums)[kProductSums], Operand rows, Operand columns) {
    simulation::begin_product({&multiply_part, sums, rows, columns});
}
inline void commit_products() { simulation::commit_products(); }
template <int kGroups>
void wait_for_products() {
    simulation::wait_for_products(kGroups);
}
inline void settle(float (&)[kProductSums]) {}

#else

using PhaseBarrier = uint64;
using Operand = uint64;

TERCET_DEVICE uint32 shared_address(const void* memory) { return static_cast<uint32>(__cvta_generic_to_shared(memory)); }

TERCET_DEVICE void start_barrier(PhaseBarrier& barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&barrier)), "r"(arrivals) : "memory");
}

// Makes barriers known to copies; the cluster's barrier must follow.
TERCET_DEVICE void publish_barriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

TERCET_DEVICE void cluster_barrier() {
    asm volatile(
        "barrier.cluster.arrive;\n"
        "barrier.cluster.wait;" ::
            : "memory");
}

TERCET_DEVICE void arrive(PhaseBarrier& barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(&barrier)) : "memory"); }

// Arrives at the same barrier of a block of the cluster. Products that read a slot are over when their wait is: no release at the cluster's scope, which would wait for all
// of a thread's memory.
TERCET_DEVICE void arrive_in(PhaseBarrier& barrier, int rank) {
    asm volatile(
        "{\n"
        ".reg .b32 there;\n"
        "mapa.shared::cluster.u32 there, %0, %1;\n"
        "mbarrier.arrive.shared::cluster.b64 _, [there];\n"
        "}" ::"r"(shared_address(&barrier)), "r"(rank)
        : "memory");
}

TERCET_DEVICE void arrive_expecting(PhaseBarrier& barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(&barrier)), "r"(bytes) : "memory");
}

TERCET_DEVICE void wait_for_phase(PhaseBarrier& barrier, int parity) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n"
        "}" ::"r"(shared_address(&barrier)), "r"(parity)
        : "memory");
}

TERCET_DEVICE void copy_bulk(void* target, const void* source, int bytes, PhaseBarrier& barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(shared_address(target)), "l"(source), "r"(bytes),
                 "r"(shared_address(&barrier))
                 : "memory");
}

// The same to that place in every block of the cluster, and to the barrier there.
TERCET_DEVICE void copy_bulk_to_cluster(void* target, const void* source, int bytes, PhaseBarrier& barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(shared_address(target)), "l"(source),
                 "r"(bytes), "r"(shared_address(&barrier)), "h"(static_cast<unsigned short>((1 << kClusterBlocks) - 1))
                 : "memory");
}

// The group that copies leaves its registers to those that multiply.
TERCET_DEVICE void give_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 40;"); }

TERCET_DEVICE void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 232;"); }

// A descriptor: the address and, in units of 16 bytes, 1,024 from one group of 8 rows to the next; 1 in the top bits is the swizzle of 128 bytes.
TERCET_DEVICE Operand operand_of(const unsigned char* memory) {
    return static_cast<uint64>((shared_address(memory) & 0x3FFFFu) >> 4) | static_cast<uint64>(1) << 16 | static_cast<uint64>(64) << 32 | static_cast<uint64>(1) << 62;
}

TERCET_DEVICE Operand operand_after(Operand operand, int bytes) { return operand + static_cast<uint64>(bytes >> 4); }

// Lanes may leave a wait for a phase at their own times; these instructions are the whole warp's.
TERCET_DEVICE void begin_products() {
    __syncwarp();
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

TERCET_DEVICE void multiply_operands(float (&sums)[kProductSums], Operand rows, Operand columns) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "%64, %65, 1, 1, 1, 0, 0;"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3]), "+f"(sums[4]), "+f"(sums[5]), "+f"(sums[6]), "+f"(sums[7]),
          "+f"(sums[8]), "+f"(sums[9]), "+f"(sums[10]), "+f"(sums[11]), "+f"(sums[12]), "+f"(sums[13]), "+f"(sums[14]), "+f"(sums[15]),
          "+f"(sums[16]), "+f"(sums[17]), "+f"(sums[18]), "+f"(sums[19]), "+f"(sums[20]), "+f"(sums[21]), "+f"(sums[22]), "+f"(sums[23]),
          "+f"(sums[24]), "+f"(sums[25]), "+f"(sums[26]), "+f"(sums[27]), "+f"(sums[28]), "+f"(sums[29]), "+f"(sums[30]), "+f"(sums[31]),
          "+f"(sums[32]), "+f"(sums[33]), "+f"(sums[34]), "+f"(sums[35]), "+f"(sums[36]), "+f"(sums[37]), "+f"(sums[38]), "+f"(sums[39]),
          "+f"(sums[40]), "+f"(sums[41]), "+f"(sums[42]), "+f"(sums[43]), "+f"(sums[44]), "+f"(sums[45]), "+f"(sums[46]), "+f"(sums[47]),
          "+f"(sums[48]), "+f"(sums[49]), "+f"(sums[50]), "+f"(sums[51]), "+f"(sums[52]), "+f"(sums[53]), "+f"(sums[54]), "+f"(sums[55]),
          "+f"(sums[56]), "+f"(sums[57]), "+f"(sums[58]), "+f"(sums[59]), "+f"(sums[60]), "+f"(sums[61]), "+f"(sums[62]), "+f"(sums[63])
        : "l"(rows), "l"(columns));
}

TERCET_DEVICE void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

template <int kGroups>
TERCET_DEVICE void wait_for_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
}

// After the last wait: no use of the sums is moved before it.
TERCET_DEVICE void settle(float (&sums)[kProductSums]) {
#pragma unroll
    for (int i = 0; i < kProductSums; ++i) {
        asm volatile("" : "+f"(sums[i])::"memory");
    }
}

#endif

}  // namespace device
}  // namespace tercet

#endif
