// Runs the kernels on the host: one fiber a CUDA thread, one cluster of blocks after another, three schedules.
//
// A fiber runs until it waits at a barrier or for its warp. Which fiber is next is the schedule's choice, so that a kernel that owes its answer to
// an order that the device does not promise gives different answers. Shared memory is filled with NaN bits before every block. Warp functions need all 32
// lanes; a warp or block that can never go on is reported. Only the blocks of a cluster, mostly one, run at the same time: other races between blocks are not found here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tercet {
namespace simulation {

enum class Schedule {
    kRoundRobin,  // every thread runs to its next wait, in order
    kGreedy,      // a warp runs as far as it can before the next one starts, and a block of a cluster before the next one does
    kReverse,     // the same from the last block to the first and the last warp to the first; copies to shared memory arrive as late as they may, products read their operands at once, where the others do the opposite
};

struct Position {
    int thread, block, block_row, blocks;
};

// The running thread's place in its grid.
const Position& position();

// The block's shared memory.
void* shared_memory(std::size_t bytes);

void barrier();
bool barrier_any(bool value);
// Of all the cluster's threads.
void cluster_barrier();

// Gives every lane what each lane of the warp gave, at most 16 bytes a lane.
void exchange(const void* value, void* all, std::size_t bytes);

std::uint32_t ballot(bool value);

// A barrier in shared memory: a phase ends when all arrivals are in and all bytes announced have come. Eight bytes, as on the device.
struct PhaseBarrier {
    std::uint16_t arrivals;
    std::uint8_t missing, phase;
    std::int32_t bytes;
};

void start_barrier(PhaseBarrier& barrier, int arrivals);
// Announces bytes and arrives.
void arrive(PhaseBarrier& barrier, int bytes);
// Arrives at the same barrier of a block of the cluster.
void arrive_in(PhaseBarrier& barrier, int rank);
// Waits until the phase of that parity has ended.
void wait_for_phase(PhaseBarrier& barrier, int parity);
// Copies to shared memory, some time before the barrier's phase ends.
void copy_bulk(void* target, const void* source, std::size_t bytes, PhaseBarrier& barrier);
// The same to every block of the cluster, each at its own time, and to the barrier of each.
void copy_bulk_to_cluster(void* target, const void* source, std::size_t bytes, PhaseBarrier& barrier);

// Copies 16 bytes to shared memory, some time before the thread waits.
void copy_async(void* target, const void* source, std::size_t bytes);
void wait_for_copies();

// A thread's part of a product of operands in shared memory, done some time before it is waited for.
struct Product {
    void (*multiply)(float* sums, const unsigned char* rows, const unsigned char* columns);
    float* sums;
    const unsigned char *rows, *columns;
};

void begin_product(const Product& product);
void commit_products();
// Waits until at most that many of the thread's groups are under way.
void wait_for_products(int groups);

// A kernel that can be launched by name; made by TERCET_KERNEL.
struct Kernel {
    using Body = void (*)(const void* arguments);

    Kernel(const char* name, std::size_t argument_bytes, int threads, Body body, std::size_t dynamic_bytes = 0, int cluster_blocks = 1);

    const char* name;
    std::size_t argument_bytes;
    int threads;
    // Of shared memory, that a launch must give.
    std::size_t dynamic_bytes;
    // Blocks of a cluster, one beside the other.
    int cluster_blocks;
    Body body;
    const Kernel* next;
};

const Kernel* find_kernel(const char* name);

// Runs every block of a grid. Returns nothing where all went well, and otherwise what did not.
const char* launch(const Kernel& kernel, int blocks, int block_rows, int threads, const void* arguments, Schedule schedule, std::size_t dynamic_bytes = 0);

}  // namespace simulation
}  // namespace tercet
