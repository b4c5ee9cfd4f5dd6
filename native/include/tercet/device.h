// What a kernel needs beside C++, once as CUDA and once for the host simulation (TERCET_HOST_SIM), so that one source is compiled for both.
#pragma once

#include "tercet/host_device.h"

#if defined(TERCET_HOST_SIM)
#include "simulation.h"
#define TERCET_DEVICE inline
// A kernel: named, launched and looked up without C++ mangling, and given one struct by value.
#define TERCET_KERNEL(name, threads, blocks, Arguments)                                \
    static void name(const Arguments& arguments);                                      \
    static const tercet::simulation::Kernel name##_kernel(#name, sizeof(Arguments), threads, \
        [](const void* block) { name(*static_cast<const Arguments*>(block)); });       \
    static void name(const Arguments& arguments)
// Memory of the block, as one object; not initialised.
#define TERCET_SHARED(Type, name) Type& name = *static_cast<Type*>(tercet::simulation::shared_memory(sizeof(Type)))
#define TERCET_RESTRICT
#else
#define TERCET_DEVICE __device__ __forceinline__
#define TERCET_KERNEL(name, threads, blocks, Arguments) \
    extern "C" __global__ void __launch_bounds__(threads, blocks) name(const __grid_constant__ Arguments arguments)
#define TERCET_SHARED(Type, name) __shared__ Type name
#define TERCET_RESTRICT __restrict__
#endif

namespace tercet {
namespace device {

constexpr int kWarp = 32;

struct alignas(16) Float4 {
    float x, y, z, w;
};

#if defined(TERCET_HOST_SIM)

inline int thread() { return simulation::position().thread; }
inline int block() { return simulation::position().block; }
inline int block_row() { return simulation::position().block_row; }
inline int blocks() { return simulation::position().blocks; }

inline void barrier() { simulation::barrier(); }
inline bool barrier_any(bool value) { return simulation::barrier_any(value); }
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
inline int atomic_add(int* address, int value) {
    const int old = *address;
    *address = old + value;
    return old;
}

inline int lowest_bit(uint32 bits) { return __builtin_ctz(bits); }
inline int bit_count(uint32 bits) { return __builtin_popcount(bits); }
inline float infinity() { return __builtin_huge_valf(); }

// Float64 products and sums that no compiler fuses: the host's order and roundings are the reference.
inline double multiply(double x, double y) { return x * y; }
inline double add(double x, double y) { return x + y; }

#else

TERCET_DEVICE int thread() { return static_cast<int>(threadIdx.x); }
TERCET_DEVICE int block() { return static_cast<int>(blockIdx.x); }
TERCET_DEVICE int block_row() { return static_cast<int>(blockIdx.y); }
TERCET_DEVICE int blocks() { return static_cast<int>(gridDim.x); }

TERCET_DEVICE void barrier() { __syncthreads(); }
TERCET_DEVICE bool barrier_any(bool value) { return __syncthreads_or(value) != 0; }
TERCET_DEVICE uint32 ballot(bool value) { return __ballot_sync(0xFFFFFFFFu, value); }

template <typename T>
TERCET_DEVICE T shuffle(T value, int lane) { return __shfl_sync(0xFFFFFFFFu, value, lane); }

template <typename T>
TERCET_DEVICE T shuffle_xor(T value, int mask) { return __shfl_xor_sync(0xFFFFFFFFu, value, mask); }

TERCET_DEVICE uint32 peek(const uint32* address) { return *static_cast<const volatile uint32*>(address); }
TERCET_DEVICE uint32 atomic_min(uint32* address, uint32 value) { return atomicMin(address, value); }
TERCET_DEVICE uint32 atomic_max(uint32* address, uint32 value) { return atomicMax(address, value); }
TERCET_DEVICE int atomic_add(int* address, int value) { return atomicAdd(address, value); }

TERCET_DEVICE int lowest_bit(uint32 bits) { return __ffs(static_cast<int>(bits)) - 1; }
TERCET_DEVICE int bit_count(uint32 bits) { return __popc(bits); }
TERCET_DEVICE float infinity() { return __int_as_float(0x7F800000); }

TERCET_DEVICE double multiply(double x, double y) { return __dmul_rn(x, y); }
TERCET_DEVICE double add(double x, double y) { return __dadd_rn(x, y); }

#endif

TERCET_DEVICE int lane() { return thread() & (kWarp - 1); }
TERCET_DEVICE float smaller(float x, float y) { return x < y ? x : y; }

}  // namespace device
}  // namespace tercet
