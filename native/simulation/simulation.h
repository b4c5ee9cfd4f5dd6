// Runs the kernels on the host: one fiber a CUDA thread, one block after another, three schedules.
//
// A fiber runs until it waits at a barrier or for its warp. Which fiber is next is the schedule's choice, so that a kernel that owes its answer to
// an order that the device does not promise gives different answers. Shared memory is filled with NaN bits before every block. Warp functions need all 32
// lanes; a warp or block that can never go on is reported. Blocks do not run at the same time: races between blocks are not found here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tercet {
namespace simulation {

enum class Schedule {
    kRoundRobin,  // every thread runs to its next wait, in order
    kGreedy,      // a warp runs as far as it can before the next one starts
    kReverse,     // the same from the last warp to the first
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

// Gives every lane what each lane of the warp gave, at most 16 bytes a lane.
void exchange(const void* value, void* all, std::size_t bytes);

std::uint32_t ballot(bool value);

// A kernel that can be launched by name; made by TERCET_KERNEL.
struct Kernel {
    using Body = void (*)(const void* arguments);

    Kernel(const char* name, std::size_t argument_bytes, int threads, Body body);

    const char* name;
    std::size_t argument_bytes;
    int threads;
    Body body;
    const Kernel* next;
};

const Kernel* find_kernel(const char* name);

// Runs every block of a grid. Returns nothing where all went well, and otherwise what did not.
const char* launch(const Kernel& kernel, int blocks, int block_rows, int threads, const void* arguments, Schedule schedule);

}  // namespace simulation
}  // namespace tercet
