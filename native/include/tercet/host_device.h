// What lets one header serve nvcc, NVRTC (which has no standard headers) and an ordinary C++ compiler.
#pragma once

#if defined(__CUDACC__)
#define TERCET_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define TERCET_HOST_DEVICE inline
#endif

#if !defined(__CUDACC_RTC__)
#include <cmath>
#include <cstdint>
#include <cstring>
#endif

namespace tercet {
// In device code the types that atomic operations are overloaded for: std::uint64_t is another one of the same size on Linux.
#if defined(__CUDACC__)
using uint32 = unsigned int;
using uint64 = unsigned long long;
#else
using uint32 = std::uint32_t;
using uint64 = std::uint64_t;
#endif
}  // namespace tercet

namespace tercet {

// The bits of a float. `__float_as_uint` exists on the device only; memcpy is the host's way that is not undefined.
TERCET_HOST_DEVICE uint32 float_bits(float value) {
#if defined(__CUDA_ARCH__)
    return __float_as_uint(value);
#else
    uint32 bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
#endif
}

// The float of some bits.
TERCET_HOST_DEVICE float float_from_bits(uint32 bits) {
#if defined(__CUDA_ARCH__)
    return __uint_as_float(bits);
#else
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
#endif
}

// 2 to the exponent, which is between −126 and 127.
TERCET_HOST_DEVICE float power_of_two(int exponent) { return float_from_bits(static_cast<uint32>(127 + exponent) << 23); }

TERCET_HOST_DEVICE double square_root(double value) {
#if defined(__CUDA_ARCH__)
    return ::sqrt(value);
#else
    return std::sqrt(value);
#endif
}

TERCET_HOST_DEVICE float square_root(float value) {
#if defined(__CUDA_ARCH__)
    return ::sqrtf(value);
#else
    return std::sqrt(value);
#endif
}

}  // namespace tercet
