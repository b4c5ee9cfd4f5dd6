// Rows of 16-bit components as float32, which holds every one of their values: everything behind this sees float32 rows only.
#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

constexpr int kWidenThreads = 256;

struct Float16Bits {
    static TERCET_DEVICE float value(uint32 bits) { return device::from_half(bits); }
};

struct BFloat16Bits {
    static TERCET_DEVICE float value(uint32 bits) { return float_from_bits(bits << 16); }
};

// Two components at a time, by blocks that stride over them.
template <typename Bits>
TERCET_DEVICE void widen(const WidenArguments& arguments) {
    const uint32* words = static_cast<const uint32*>(arguments.bits);
    device::Float2* pairs = reinterpret_cast<device::Float2*>(arguments.values);
    const long long step = static_cast<long long>(device::blocks()) * kWidenThreads;
    for (long long pair = static_cast<long long>(device::block()) * kWidenThreads + device::thread(); pair < arguments.count / 2; pair += step) {
        const uint32 word = words[pair];
        pairs[pair] = {Bits::value(word & 0xFFFFu), Bits::value(word >> 16)};
    }
    if (arguments.count % 2 != 0 && device::block() == 0 && device::thread() == 0) {
        arguments.values[arguments.count - 1] = Bits::value(static_cast<const unsigned short*>(arguments.bits)[arguments.count - 1]);
    }
}

TERCET_KERNEL(widen_float16, kWidenThreads, 4, WidenArguments) { widen<Float16Bits>(arguments); }

TERCET_KERNEL(widen_bfloat16, kWidenThreads, 4, WidenArguments) { widen<BFloat16Bits>(arguments); }

}  // namespace tercet
