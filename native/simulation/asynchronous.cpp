// What goes on beside the threads: barriers with phases, bulk copies, and products of operands in shared memory.
#include <cstring>

#include "cluster.h"

namespace tercet {
namespace simulation {

namespace {

void end_phase_if_complete(PhaseBarrier& barrier) {
    if (barrier.missing == 0 && barrier.bytes == 0) {
        barrier.phase = barrier.phase == 0 ? 1 : 0;
        barrier.missing = static_cast<std::uint8_t>(barrier.arrivals);
    }
}

void perform(const BulkCopy& copy) {
    std::memcpy(copy.target, copy.source, copy.bytes);
    copy.barrier->bytes -= static_cast<std::int32_t>(copy.bytes);
    end_phase_if_complete(*copy.barrier);
}

void perform(const Product& product) { product.multiply(product.sums, product.rows, product.columns); }

// At once, or as late as may be.
void copy_some_time(const BulkCopy& copy) {
    if (cluster().schedule == Schedule::kReverse) {
        cluster().copies.push_back(copy);
    } else {
        perform(copy);
    }
}

bool is_aligned(const void* target, const void* source, std::size_t bytes) {
    if (((reinterpret_cast<std::uintptr_t>(target) | reinterpret_cast<std::uintptr_t>(source) | bytes) & 15u) != 0) {
        cluster().fault = "a bulk copy is not aligned to 16 bytes";
        return false;
    }
    return true;
}

// The same place in the shared memory of a block of the cluster; null where that block has ended.
template <typename T>
T* in_block(T* own, int rank) {
    Block& from = cluster().block();
    Block& to = cluster().blocks[rank];
    if (to.alive == 0) {
        cluster().fault = "the memory of a block that has ended is written";
        return nullptr;
    }
    const std::ptrdiff_t offset = reinterpret_cast<const unsigned char*>(own) - static_cast<const unsigned char*>(from.shared);
    return reinterpret_cast<T*>(static_cast<unsigned char*>(to.shared_memory(from.shared_bytes)) + offset);
}

}  // namespace

void start_barrier(PhaseBarrier& barrier, int arrivals) {
    barrier = {static_cast<std::uint16_t>(arrivals), static_cast<std::uint8_t>(arrivals), 0, 0};
}

void arrive(PhaseBarrier& barrier, int bytes) {
    if (barrier.missing == 0) {
        cluster().fault = "more arrivals at a phase than it has";
        return;
    }
    barrier.bytes += bytes;
    --barrier.missing;
    end_phase_if_complete(barrier);
}

void arrive_in(PhaseBarrier& barrier, int rank) {
    PhaseBarrier* there = in_block(&barrier, rank);
    if (there != nullptr) {
        arrive(*there, 0);
    }
}

void wait_for_phase(PhaseBarrier& barrier, int parity) {
    std::vector<BulkCopy>& copies = cluster().copies;
    for (;;) {
        for (std::size_t i = 0; i < copies.size();) {
            if (copies[i].barrier == &barrier) {
                const BulkCopy copy = copies[i];
                copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(i));
                perform(copy);
            } else {
                ++i;
            }
        }
        if (static_cast<int>(barrier.phase) != parity || cluster().fault != nullptr) {
            cluster().progress = true;
            return;
        }
        wait_as(Wait::kPhase);
    }
}

void copy_bulk(void* target, const void* source, std::size_t bytes, PhaseBarrier& barrier) {
    if (is_aligned(target, source, bytes)) {
        copy_some_time({target, source, bytes, &barrier});
    }
}

void copy_bulk_to_cluster(void* target, const void* source, std::size_t bytes, PhaseBarrier& barrier) {
    for (int rank = 0; rank < cluster().kernel->cluster_blocks && is_aligned(target, source, bytes); ++rank) {
        void* there = in_block(static_cast<unsigned char*>(target), rank);
        PhaseBarrier* reached = in_block(&barrier, rank);
        if (there != nullptr && reached != nullptr) {
            copy_some_time({there, source, bytes, reached});
        }
    }
}

void copy_async(void* target, const void* source, std::size_t bytes) {
    if (cluster().schedule == Schedule::kReverse) {
        cluster().thread().copies.push_back({target, source, bytes});
    } else {
        std::memcpy(target, source, bytes);
    }
}

void wait_for_copies() {
    std::vector<Copy>& copies = cluster().thread().copies;
    for (const Copy& copy : copies) {
        std::memcpy(copy.target, copy.source, copy.bytes);
    }
    copies.clear();
}

void begin_product(const Product& product) {
    if (cluster().schedule == Schedule::kReverse) {
        perform(product);
    } else {
        cluster().thread().products.push_back(product);
    }
}

void commit_products() {
    Thread& thread = cluster().thread();
    thread.groups.push_back(thread.products.size());
}

void wait_for_products(int groups) {
    Thread& thread = cluster().thread();
    while (thread.groups.size() > static_cast<std::size_t>(groups)) {
        const std::size_t end = thread.groups.front();
        thread.groups.pop_front();
        for (std::size_t i = 0; i < end; ++i) {
            perform(thread.products.front());
            thread.products.pop_front();
        }
        for (std::size_t& later : thread.groups) {
            later -= end;
        }
    }
}

}  // namespace simulation
}  // namespace tercet
