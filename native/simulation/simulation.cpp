#include "simulation.h"

#include <cstdlib>
#include <cstring>

#include "cluster.h"

namespace tercet {
namespace simulation {

namespace {

thread_local Cluster under_way;

const Kernel*& first_kernel() {
    static const Kernel* first = nullptr;
    return first;
}

void run_thread() {
    under_way.kernel->body(under_way.arguments);
    under_way.thread().wait = Wait::kDone;
    --under_way.block().alive;
}

// Runs one warp of all the cluster's.
void run_warp(int warp, bool greedy) {
    for (bool again = true; again;) {
        again = false;
        for (int thread = warp * kWarp; thread < (warp + 1) * kWarp; ++thread) {
            if (under_way.thread(thread).wait != Wait::kNone) {
                continue;
            }
            under_way.running = thread;
            under_way.position.thread = thread % under_way.thread_count;
            under_way.position.block += thread / under_way.thread_count - under_way.position.block % under_way.kernel->cluster_blocks;
            under_way.thread().fiber.resume();
            under_way.progress |= under_way.thread().wait != Wait::kPhase;
            again = greedy;
        }
    }
}

// Lets the threads of some blocks go on if all of them wait for that.
bool release(Wait wait, int first, int blocks) {
    const int begin = first * under_way.thread_count, end = begin + blocks * under_way.thread_count;
    for (int thread = begin; thread < end; ++thread) {
        if (under_way.thread(thread).wait != wait) {
            return false;
        }
    }
    for (int thread = begin; thread < end; ++thread) {
        under_way.thread(thread).wait = Wait::kNone;
    }
    return true;
}

bool release_barriers(int first, int blocks) {
    bool any = false;
    for (int number = first; number < first + blocks; ++number) {
        if (release(Wait::kBarrier, number, 1)) {
            Block& block = under_way.blocks[number];
            block.last_any = block.any;
            block.any = false;
            any = true;
        }
    }
    return any;
}

// Lets those that wait for a phase look at it again.
void look_again(int first, int blocks) {
    under_way.progress = false;
    for (int thread = first * under_way.thread_count; thread < (first + blocks) * under_way.thread_count; ++thread) {
        Wait& wait = under_way.thread(thread).wait;
        wait = wait == Wait::kPhase ? Wait::kNone : wait;
    }
}

// Runs some blocks in turn until none of them can go on; whether one came further.
bool run_blocks(int first, int blocks) {
    const int warps_before = first * under_way.thread_count / kWarp, warps = blocks * under_way.thread_count / kWarp;
    for (bool any = false;; any = true) {
        look_again(first, blocks);
        for (int turn = 0; turn < warps && under_way.fault == nullptr; ++turn) {
            run_warp(warps_before + (under_way.schedule == Schedule::kReverse ? warps - 1 - turn : turn), under_way.schedule != Schedule::kRoundRobin);
        }
        if (under_way.fault != nullptr || (!under_way.progress && !release_barriers(first, blocks))) {
            return any;
        }
    }
}

// Why nobody can go on; nothing where all have ended.
const char* reason_to_stop(int threads) {
    int done = 0, looking = 0;
    for (int thread = 0; thread < threads; ++thread) {
        done += under_way.thread(thread).wait == Wait::kDone ? 1 : 0;
        looking += under_way.thread(thread).wait == Wait::kPhase ? 1 : 0;
    }
    return done == threads ? nullptr
        : looking > 0 ? "some threads wait for a phase that nothing will end"
        : done > 0 ? "some threads have ended while others wait"
        : "some threads wait at a barrier while others wait for their warp";
}

void run_cluster() {
    const int blocks = under_way.kernel->cluster_blocks, threads = blocks * under_way.thread_count;
    under_way.copies.clear();
    for (int number = 0; number < blocks; ++number) {
        Block& block = under_way.blocks[number];
        block.fill_shared();
        block.any = false;
        block.alive = under_way.thread_count;
        for (int warp = 0; warp < under_way.thread_count / kWarp; ++warp) {
            block.warps[warp].arrived = 0;
        }
    }
    for (int thread = 0; thread < threads; ++thread) {
        Thread& each = under_way.thread(thread);
        each.fiber.start(&run_thread);
        each.wait = Wait::kNone;
        each.copies.clear();
        each.products.clear();
        each.groups.clear();
    }
    // In step, or each block as far as it can without the others.
    const int together = under_way.schedule == Schedule::kRoundRobin ? blocks : 1;
    for (bool any = true; any && under_way.fault == nullptr;) {
        any = false;
        for (int first = 0; first < blocks; first += together) {
            any |= run_blocks(under_way.schedule == Schedule::kReverse ? blocks - 1 - first : first, together);
        }
        any |= release(Wait::kCluster, 0, blocks);
    }
    under_way.fault = under_way.fault == nullptr ? reason_to_stop(threads) : under_way.fault;
}

}  // namespace

Cluster& cluster() { return under_way; }

void wait_as(Wait wait) {
    Thread& thread = under_way.thread();
    thread.wait = wait;
    thread.fiber.suspend();
}

void Block::fill_shared() {
    if (shared != nullptr) {
        std::memset(shared, 0xFF, shared_bytes);
    }
}

void* Block::shared_memory(std::size_t bytes) {
    if (shared_bytes < bytes) {
        std::free(shared);
        // To 1,024 bytes, which swizzled operands need, and no longer than asked for.
        if (posix_memalign(&shared, 1024, bytes) != 0) {
            std::abort();
        }
        shared_bytes = bytes;
        fill_shared();
    }
    return shared;
}

Kernel::Kernel(const char* kernel_name, std::size_t bytes, int thread_count, Body kernel_body, std::size_t shared_bytes, int blocks)
    : name(kernel_name), argument_bytes(bytes), threads(thread_count), dynamic_bytes(shared_bytes), cluster_blocks(blocks), body(kernel_body), next(first_kernel()) {
    first_kernel() = this;
}

const Kernel* find_kernel(const char* name) {
    for (const Kernel* each = first_kernel(); each != nullptr; each = each->next) {
        if (std::strcmp(each->name, name) == 0) {
            return each;
        }
    }
    return nullptr;
}

const Position& position() { return under_way.position; }

void* shared_memory(std::size_t bytes) { return under_way.block().shared_memory(bytes); }

void barrier() { wait_as(Wait::kBarrier); }

bool barrier_any(bool value) {
    under_way.block().any |= value;
    wait_as(Wait::kBarrier);
    return under_way.block().last_any;
}

void cluster_barrier() { wait_as(Wait::kCluster); }

void exchange(const void* value, void* all, std::size_t bytes) {
    const int number = under_way.running / kWarp, lane = under_way.running % kWarp;
    Warp& warp = under_way.block().warps[under_way.position.thread / kWarp];
    if (bytes > kMostLaneBytes || (warp.arrived > 0 && warp.bytes != bytes)) {
        under_way.fault = "the lanes of a warp exchange values of different sizes";
    }
    warp.bytes = bytes;
    const int phase = warp.phase;
    std::memcpy(warp.values[phase][lane], value, bytes);
    if (++warp.arrived == kWarp) {
        warp.arrived = 0;
        warp.phase ^= 1;
        for (int other = number * kWarp; other < (number + 1) * kWarp; ++other) {
            under_way.thread(other).wait = Wait::kNone;
        }
    } else {
        wait_as(Wait::kExchange);
    }
    for (int other = 0; other < kWarp; ++other) {
        std::memcpy(static_cast<unsigned char*>(all) + static_cast<std::size_t>(other) * bytes, warp.values[phase][other], bytes);
    }
}

std::uint32_t ballot(bool value) {
    bool all[kWarp];
    exchange(&value, all, sizeof value);
    std::uint32_t bits = 0;
    for (int lane = 0; lane < kWarp; ++lane) {
        bits |= all[lane] ? static_cast<std::uint32_t>(1) << lane : 0u;
    }
    return bits;
}

const char* launch(const Kernel& kernel, int blocks, int block_rows, int threads, const void* arguments, Schedule schedule, std::size_t dynamic_bytes) {
    if (dynamic_bytes != kernel.dynamic_bytes) {
        return "the dynamic shared memory is not what the kernel takes";
    }
    if (threads != kernel.threads || threads % kWarp != 0 || threads > kMostThreads) {
        return "the number of threads is not what the kernel was compiled for";
    }
    if (blocks < 1 || block_rows < 1) {
        return "the grid is empty";
    }
    if (blocks % kernel.cluster_blocks != 0 || kernel.cluster_blocks > kMostBlocks) {
        return "the grid is not of whole clusters";
    }
    while (under_way.threads.size() < static_cast<std::size_t>(kernel.cluster_blocks * threads)) {
        under_way.threads.emplace_back();
    }
    under_way.thread_count = threads;
    under_way.kernel = &kernel;
    under_way.arguments = arguments;
    under_way.schedule = schedule;
    under_way.fault = nullptr;
    // An allocation of its own for every launch, exactly as large as the kernel's, so that the address sanitizer sees what lies beyond.
    for (Block& block : under_way.blocks) {
        std::free(block.shared);
        block.shared = nullptr;
        block.shared_bytes = 0;
    }
    for (int row = 0; row < block_rows && under_way.fault == nullptr; ++row) {
        for (int first = 0; first < blocks && under_way.fault == nullptr; first += kernel.cluster_blocks) {
            under_way.position = {0, first, row, blocks};
            run_cluster();
        }
    }
    return under_way.fault;
}

}  // namespace simulation
}  // namespace tercet
