// What a launch has under way: the threads of one cluster of blocks, and what each block has for itself. The simulation's own; most clusters are of one block.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <vector>

#include "fiber.h"
#include "simulation.h"

namespace tercet {
namespace simulation {

constexpr int kWarp = 32;
constexpr int kMostThreads = 1024;
constexpr int kMostBlocks = 2;
constexpr std::size_t kMostLaneBytes = 16;

enum class Wait { kNone, kBarrier, kCluster, kExchange, kPhase, kDone };

struct Copy {
    void* target;
    const void* source;
    std::size_t bytes;
};

struct Thread {
    Fiber fiber;
    Wait wait = Wait::kDone;
    // Copies under way that no barrier knows of.
    std::vector<Copy> copies;
    // Products under way; the groups that are committed end at these lengths.
    std::deque<Product> products;
    std::deque<std::size_t> groups;
};

// Two buffers in turn: a fast lane may give its next value before a slow one has read the last.
struct Warp {
    int arrived = 0;
    int phase = 0;
    std::size_t bytes = 0;
    alignas(16) unsigned char values[2][kWarp][kMostLaneBytes] = {};
};

struct Block {
    Warp warps[kMostThreads / kWarp];
    // Threads that have not ended.
    int alive = 0;
    bool any = false;
    bool last_any = false;
    void* shared = nullptr;
    std::size_t shared_bytes = 0;

    ~Block() { std::free(shared); }

    void* shared_memory(std::size_t bytes);
    void fill_shared();
};

struct BulkCopy {
    void* target;
    const void* source;
    std::size_t bytes;
    PhaseBarrier* barrier;
};

struct Cluster {
    // Block by block. A deque, because fibers must not move.
    std::deque<Thread> threads;
    Block blocks[kMostBlocks];
    // Threads of a block.
    int thread_count = 0;
    int running = 0;
    // Whether a thread came further in this round than from one look at its phase to the next.
    bool progress = false;
    Schedule schedule = Schedule::kRoundRobin;
    std::vector<BulkCopy> copies;
    const char* fault = nullptr;
    Position position{};
    const Kernel* kernel = nullptr;
    const void* arguments = nullptr;

    Thread& thread() { return threads[static_cast<std::size_t>(running)]; }
    Thread& thread(int number) { return threads[static_cast<std::size_t>(number)]; }
    Block& block() { return blocks[running / thread_count]; }
};

// One a host thread: launches of several threads do not meet.
Cluster& cluster();

// The running thread stops here, for that reason.
void wait_as(Wait wait);

}  // namespace simulation
}  // namespace tercet
