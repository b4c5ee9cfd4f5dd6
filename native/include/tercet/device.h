// What a kernel needs beside C++, once as CUDA and once for the host simulation (TERCET_HOST_SIM), so that one source is compiled for both.
#pragma once

#include "tercet/host_device.h"

#if defined(TERCET_HOST_SIM)
#include <cmath>

#include "simulation.h"
#define TERCET_DEVICE inline
// A kernel: named, launched and looked up without C++ mangling, and given one struct by value.
#define TERCET_KERNEL(name, threads, blocks, Arguments)                                \
    static void name(const Arguments& arguments);                                      \
    static const tercet::simulation::Kernel name##_kernel(#name, sizeof(Arguments), threads, \
        [](const void* block) { name(*static_cast<const Arguments*>(block)); });       \
    static void name(const Arguments& arguments)
// A kernel whose blocks run in clusters, and take the rest of their shared memory at the launch, as an array of bytes.
#define TERCET_KERNEL_CLUSTER(name, threads, blocks, Arguments, bytes, cluster_blocks)  \
    static void name(const Arguments& arguments);                                      \
    static const tercet::simulation::Kernel name##_kernel(#name, sizeof(Arguments), threads, \
        [](const void* block) { name(*static_cast<const Arguments*>(block)); }, bytes, cluster_blocks); \
    static void name(const Arguments& arguments)
#define TERCET_DYNAMIC(name, bytes) unsigned char* name = static_cast<unsigned char*>(tercet::simulation::shared_memory(bytes))
// Memory of the block, as one object; not initialised.
#define TERCET_SHARED(Type, name) Type& name = *static_cast<Type*>(tercet::simulation::shared_memory(sizeof(Type)))
#define TERCET_RESTRICT
#else
#define TERCET_DEVICE __device__ __forceinline__
#define TERCET_KERNEL(name, threads, blocks, Arguments) \
    extern "C" __global__ void __launch_bounds__(threads, blocks) name(const __grid_constant__ Arguments arguments)
#define TERCET_KERNEL_CLUSTER(name, threads, blocks, Arguments, bytes, cluster_blocks) \
    extern "C" __global__ void __cluster_dims__(cluster_blocks, 1, 1) __launch_bounds__(threads, blocks) name(const __grid_constant__ Arguments arguments)
#define TERCET_DYNAMIC(name, bytes) extern __shared__ __align__(1024) unsigned char name[]
#define TERCET_SHARED(Type, name) __shared__ Type name
#define TERCET_RESTRICT __restrict__
#endif

namespace tercet {
namespace device {

constexpr int kWarp = 32;

struct alignas(16) Float4 {
    float x, y, z, w;
};

struct alignas(8) Float2 {
    float x, y;
};

struct alignas(16) Uint4 {
    uint32 x, y, z, w;
};

#if defined(TERCET_HOST_SIM)

inline int thread() { return simulation::position().thread; }
inline int block() { return simulation::position().block; }
inline int block_row() { return simulation::position().block_row; }
inline int blocks() { return simulation::position().blocks; }

inline void barrier() { simulation::barrier(); }
inline bool barrier_any(bool value) { return simulation::barrier_any(value); }
inline void warp_barrier() { static_cast<void>(simulation::ballot(true)); }
inline uint32 ballot(bool value) { return simulation::ballot(value); }

template <typename T>
T shuffle(T value, int lane) {
    T all[kWarp];
    simulation::exchange(&value, all, sizeof(T));
    return all[lane & (kWarp - 1)];
}

template <typename T>
T shuffle_xor(T value, int mask) {
    return shuffle(value, (thread() & (kWarp - 1)) ^ mask);
}

inline uint32 peek(const uint32* address) { return *address; }
inline uint32 atomic_min(uint32* address, uint32 value) {
    const uint32 old = *address;
    if (value < old) {
        *address = value;
    }
    return old;
}
inline uint32 atomic_max(uint32* address, uint32 value) {
    const uint32 old = *address;
    if (value > old) {
        *address = value;
    }
    return old;
}
template <typename T>
T atomic_add(T* address, T value) {
    const T old = *address;
    *address = old + value;
    return old;
}

// The bits of the nearest float16, ties to even.
inline uint32 to_half(float value) {
    const uint32 bits = float_bits(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude >= 0x47800000u) {
        return sign | (magnitude > 0x7F800000u ? 0x7E00u : 0x7C00u);
    }
    // Below 2⁻¹⁴ a float16 counts units of 2⁻²⁴: adding 1/2 in float32 rounds to them.
    if (magnitude < 0x38800000u) {
        return sign | (float_bits(float_from_bits(magnitude) + 0.5f) - 0x3F000000u);
    }
    const uint32 rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
    return sign | (rounded - 0x38000000u) >> 13;
}

inline float from_half(uint32 half) {
    const uint32 sign = (half & 0x8000u) << 16, magnitude = half & 0x7FFFu;
    const float value = magnitude < 0x400u ? static_cast<float>(magnitude) * 5.9604644775390625e-8f
        : float_from_bits(magnitude >= 0x7C00u ? (magnitude << 13) + 0x70000000u : (magnitude << 13) + 0x38000000u);
    return float_from_bits(float_bits(value) | sign);
}

// Eight products and a sum as a card adds them that cuts more than any other known: each term to 2⁻²³ of the power of two below the largest, and the
// result to 24 bits.
inline float add_cut(const double (&terms)[9]) {
    double largest = 0;
    for (double term : terms) {
        largest = std::fmax(largest, std::fabs(term));
    }
    if (!(largest > 0)) {
        return 0.0f;
    }
    const int exponent = std::ilogb(largest);
    const double scale = std::ldexp(1.0, 23 - exponent);
    long long total = 0;
    for (double term : terms) {
        total += static_cast<long long>(term * scale);
    }
    const double sum = std::ldexp(static_cast<double>(total), exponent - 23);
    const float cut = static_cast<float>(sum);
    return std::fabs(static_cast<double>(cut)) > std::fabs(sum) ? float_from_bits(float_bits(cut) - 1u) : cut;
}

// mma.m16n8k16: adds the product of a 16 × 16 and a 16 × 8 matrix of float16 that a warp holds together.
inline void multiply_fragments(float (&sums)[4], const Uint4& rows, uint32 columns_low, uint32 columns_high) {
    Uint4 row_words[kWarp];
    struct alignas(8) Pair {
        uint32 low, high;
    };
    Pair column_words[kWarp];
    const Pair own = {columns_low, columns_high};
    simulation::exchange(&rows, row_words, sizeof(Uint4));
    simulation::exchange(&own, column_words, sizeof own);
    const int lane_number = thread() & (kWarp - 1), group = lane_number / 4, pair = lane_number % 4;
    const auto half_of = [](uint32 word, int k) { return static_cast<double>(from_half(word >> (16 * (k & 1)) & 0xFFFFu)); };
    for (int i = 0; i < 4; ++i) {
        const int row = group + 8 * (i / 2), column = pair * 2 + (i & 1);
        for (int first = 0; first < 16; first += 8) {
            double terms[9];
            for (int k = 0; k < 8; ++k) {
                const Uint4& words = row_words[row % 8 * 4 + k / 2];
                const uint32 row_word = first == 0 ? (row < 8 ? words.x : words.y) : (row < 8 ? words.z : words.w);
                const Pair& column_word = column_words[column * 4 + k / 2];
                terms[k] = half_of(row_word, k) * half_of(first == 0 ? column_word.low : column_word.high, k);
            }
            terms[8] = static_cast<double>(sums[i]);
            sums[i] = add_cut(terms);
        }
    }
}

// Copies 16 bytes to shared memory, at the latest when the thread waits.
inline void copy_async(Uint4* target, const Uint4* source) { simulation::copy_async(target, source, sizeof(Uint4)); }
inline void wait_for_copies() { simulation::wait_for_copies(); }

inline int lowest_bit(uint32 bits) { return __builtin_ctz(bits); }
inline int highest_bit(uint32 bits) { return 31 - __builtin_clz(bits); }
inline int bit_count(uint32 bits) { return __builtin_popcount(bits); }
inline float infinity() { return __builtin_huge_valf(); }

// Float64 products and sums that no compiler fuses: the host's order and roundings are the reference.
inline double multiply(double x, double y) { return x * y; }
inline double add(double x, double y) { return x + y; }
inline double multiply_add(double x, double y, double z) { return std::fma(x, y, z); }
inline float multiply_add_single(float x, float y, float z) { return std::fma(x, y, z); }
inline float least(float x, float y) { return std::fmin(x, y); }

#else

TERCET_DEVICE int thread() { return static_cast<int>(threadIdx.x); }
TERCET_DEVICE int block() { return static_cast<int>(blockIdx.x); }
TERCET_DEVICE int block_row() { return static_cast<int>(blockIdx.y); }
TERCET_DEVICE int blocks() { return static_cast<int>(gridDim.x); }

TERCET_DEVICE void barrier() { __syncthreads(); }
TERCET_DEVICE bool barrier_any(bool value) { return __syncthreads_or(value) != 0; }
// Orders the warp's reads and writes of shared memory, as shuffles do not.
TERCET_DEVICE void warp_barrier() { __syncwarp(); }
TERCET_DEVICE uint32 ballot(bool value) { return __ballot_sync(0xFFFFFFFFu, value); }

template <typename T>
TERCET_DEVICE T shuffle(T value, int lane) { return __shfl_sync(0xFFFFFFFFu, value, lane); }

template <typename T>
TERCET_DEVICE T shuffle_xor(T value, int mask) { return __shfl_xor_sync(0xFFFFFFFFu, value, mask); }

TERCET_DEVICE uint32 peek(const uint32* address) { return *static_cast<const volatile uint32*>(address); }
TERCET_DEVICE uint32 atomic_min(uint32* address, uint32 value) { return atomicMin(address, value); }
TERCET_DEVICE uint32 atomic_max(uint32* address, uint32 value) { return atomicMax(address, value); }
template <typename T>
TERCET_DEVICE T atomic_add(T* address, T value) { return atomicAdd(address, value); }

TERCET_DEVICE uint32 to_half(float value) {
    unsigned short half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
    return half;
}

TERCET_DEVICE float from_half(uint32 half) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(static_cast<unsigned short>(half)));
    return value;
}

TERCET_DEVICE void multiply_fragments(float (&sums)[4], const Uint4& rows, uint32 columns_low, uint32 columns_high) {
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(rows.x), "r"(rows.y), "r"(rows.z), "r"(rows.w), "r"(columns_low), "r"(columns_high));
#else
    // Not launched on such cards.
    __trap();
#endif
}

TERCET_DEVICE void copy_async(Uint4* target, const Uint4* source) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(static_cast<uint32>(__cvta_generic_to_shared(target))), "l"(source) : "memory");
#else
    // Not launched on such cards.
    *target = *source;
#endif
}

TERCET_DEVICE void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

TERCET_DEVICE int lowest_bit(uint32 bits) { return __ffs(static_cast<int>(bits)) - 1; }
TERCET_DEVICE int highest_bit(uint32 bits) { return 31 - __clz(static_cast<int>(bits)); }
TERCET_DEVICE int bit_count(uint32 bits) { return __popc(bits); }
TERCET_DEVICE float infinity() { return __int_as_float(0x7F800000); }

TERCET_DEVICE double multiply(double x, double y) { return __dmul_rn(x, y); }
TERCET_DEVICE double add(double x, double y) { return __dadd_rn(x, y); }
TERCET_DEVICE double multiply_add(double x, double y, double z) { return __fma_rn(x, y, z); }
TERCET_DEVICE float multiply_add_single(float x, float y, float z) { return __fmaf_rn(x, y, z); }
TERCET_DEVICE float least(float x, float y) { return fminf(x, y); }

#endif

TERCET_DEVICE int lane() { return thread() & (kWarp - 1); }
TERCET_DEVICE float smaller(float x, float y) { return x < y ? x : y; }

}  // namespace device
}  // namespace tercet
