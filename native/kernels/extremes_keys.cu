// The float64 keys of the rows that were found, which is what is returned with them.
#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "winner.h"

namespace tercet {

// Sixteen lanes an anchor, one block row a kind.
template <typename Metric>
TERCET_DEVICE void measure_found(const ExtremesArguments& arguments) {
    const int kind = device::block_row();
    if ((arguments.wanted >> kind & 1) == 0) {
        return;
    }
    const KindBuffers& buffers = arguments.kinds[kind];
    const int anchor = (device::block() * kDecideThreads + device::thread()) / kPairLanes;
    const bool exists = anchor < arguments.anchors.count;
    const int known = exists ? anchor : arguments.anchors.count - 1, position = buffers.found[known];
    const double key = exact_key<Metric>(arguments.anchors, known, arguments.gallery, position < 0 ? 0 : position);
    if (exists && device::thread() % kPairLanes == 0) {
        const int slot = device::bit_count(static_cast<uint32>(arguments.wanted) & ((1u << kind) - 1u));
        arguments.keys[static_cast<long long>(slot) * arguments.anchors.count + anchor] = key;
    }
}

TERCET_KERNEL(extremes_keys_squared_euclidean, kDecideThreads, 2, ExtremesArguments) { measure_found<SquaredEuclidean>(arguments); }

TERCET_KERNEL(extremes_keys_cosine, kDecideThreads, 2, ExtremesArguments) { measure_found<Cosine>(arguments); }

}  // namespace tercet
