#include "simulation.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

#include "fiber.h"

namespace tercet {
namespace simulation {

namespace {

constexpr int kWarp = 32;
constexpr int kMostThreads = 1024;
constexpr std::size_t kMostLaneBytes = 16;

enum class Wait { kNone, kBarrier, kExchange, kPhase, kDone };

struct Thread {
    Fiber fiber;
    Wait wait = Wait::kDone;
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

struct BulkCopy {
    void* target;
    const void* source;
    std::size_t bytes;
    PhaseBarrier* barrier;
};

// One block under way. A deque, because fibers must not move.
struct Block {
    std::deque<Thread> threads;
    Warp warps[kMostThreads / kWarp];
    int thread_count = 0;
    int running = 0;
    bool any = false;
    bool last_any = false;
    // Whether a thread came further in this round than from one look at its phase to the next.
    bool progress = false;
    Schedule schedule = Schedule::kRoundRobin;
    std::vector<BulkCopy> copies;
    const char* fault = nullptr;
    Position position{};
    void* shared = nullptr;
    std::size_t shared_bytes = 0;
    const Kernel* kernel = nullptr;
    const void* arguments = nullptr;

    ~Block() { std::free(shared); }
};

// One a host thread: launches of several threads do not meet.
thread_local Block block;

const Kernel*& first_kernel() {
    static const Kernel* first = nullptr;
    return first;
}

void run_thread() {
    block.kernel->body(block.arguments);
    block.threads[static_cast<std::size_t>(block.running)].wait = Wait::kDone;
}

void wait_as(Wait wait) {
    Thread& thread = block.threads[static_cast<std::size_t>(block.running)];
    thread.wait = wait;
    thread.fiber.suspend();
}

void fill_shared() {
    if (block.shared != nullptr) {
        std::memset(block.shared, 0xFF, block.shared_bytes);
    }
}

// Runs one warp; whether any thread of it ran.
bool run_warp(int warp, bool greedy) {
    bool ran = false;
    for (bool again = true; again;) {
        again = false;
        for (int thread = warp * kWarp; thread < (warp + 1) * kWarp; ++thread) {
            if (block.threads[static_cast<std::size_t>(thread)].wait != Wait::kNone) {
                continue;
            }
            block.running = thread;
            block.position.thread = thread;
            block.threads[static_cast<std::size_t>(thread)].fiber.resume();
            block.progress |= block.threads[static_cast<std::size_t>(thread)].wait != Wait::kPhase;
            ran = true;
            again = greedy;
        }
    }
    return ran;
}

// Lets a block in which nobody runs go past its barrier, or says why it cannot.
bool release_barrier() {
    int waiting = 0, done = 0;
    for (int thread = 0; thread < block.thread_count; ++thread) {
        const Wait wait = block.threads[static_cast<std::size_t>(thread)].wait;
        waiting += wait == Wait::kBarrier ? 1 : 0;
        done += wait == Wait::kDone ? 1 : 0;
    }
    if (done == block.thread_count) {
        return false;
    }
    if (waiting != block.thread_count) {
        block.fault = done > 0 ? "some threads have ended while others wait" : "some threads wait at a barrier while others wait for their warp";
        return false;
    }
    block.last_any = block.any;
    block.any = false;
    for (int thread = 0; thread < block.thread_count; ++thread) {
        block.threads[static_cast<std::size_t>(thread)].wait = Wait::kNone;
    }
    return true;
}

// Lets those that wait for a phase look at it again; whether there are any.
bool look_again() {
    bool any = false;
    block.progress = false;
    for (int thread = 0; thread < block.thread_count; ++thread) {
        Wait& wait = block.threads[static_cast<std::size_t>(thread)].wait;
        if (wait == Wait::kPhase) {
            wait = Wait::kNone;
            any = true;
        }
    }
    return any;
}

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

void run_block(Schedule schedule) {
    fill_shared();
    block.any = false;
    const int warps = block.thread_count / kWarp;
    for (int warp = 0; warp < warps; ++warp) {
        block.warps[warp].arrived = 0;
    }
    block.schedule = schedule;
    block.copies.clear();
    for (int thread = 0; thread < block.thread_count; ++thread) {
        Thread& each = block.threads[static_cast<std::size_t>(thread)];
        each.fiber.start(&run_thread);
        each.wait = Wait::kNone;
        each.products.clear();
        each.groups.clear();
    }
    for (;;) {
        bool ran = false;
        const bool looks = look_again();
        for (int turn = 0; turn < warps && block.fault == nullptr; ++turn) {
            ran |= run_warp(schedule == Schedule::kReverse ? warps - 1 - turn : turn, schedule != Schedule::kRoundRobin);
        }
        if (block.fault == nullptr && looks && !block.progress) {
            block.fault = "some threads wait for a phase that nothing will end";
        }
        if (block.fault != nullptr || (!ran && !release_barrier())) {
            return;
        }
    }
}

}  // namespace

Kernel::Kernel(const char* kernel_name, std::size_t bytes, int thread_count, Body kernel_body, std::size_t shared_bytes)
    : name(kernel_name), argument_bytes(bytes), threads(thread_count), dynamic_bytes(shared_bytes), body(kernel_body), next(first_kernel()) {
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

const Position& position() { return block.position; }

void* shared_memory(std::size_t bytes) {
    if (block.shared_bytes < bytes) {
        std::free(block.shared);
        // To 1,024 bytes, which swizzled operands need, and no longer than asked for.
        if (posix_memalign(&block.shared, 1024, bytes) != 0) {
            std::abort();
        }
        block.shared_bytes = bytes;
        fill_shared();
    }
    return block.shared;
}

void barrier() { wait_as(Wait::kBarrier); }

bool barrier_any(bool value) {
    block.any |= value;
    wait_as(Wait::kBarrier);
    return block.last_any;
}

void exchange(const void* value, void* all, std::size_t bytes) {
    const int number = block.running / kWarp, lane = block.running % kWarp;
    Warp& warp = block.warps[number];
    if (bytes > kMostLaneBytes || (warp.arrived > 0 && warp.bytes != bytes)) {
        block.fault = "the lanes of a warp exchange values of different sizes";
    }
    warp.bytes = bytes;
    const int phase = warp.phase;
    std::memcpy(warp.values[phase][lane], value, bytes);
    if (++warp.arrived == kWarp) {
        warp.arrived = 0;
        warp.phase ^= 1;
        for (int other = number * kWarp; other < (number + 1) * kWarp; ++other) {
            block.threads[static_cast<std::size_t>(other)].wait = Wait::kNone;
        }
    } else {
        wait_as(Wait::kExchange);
    }
    for (int other = 0; other < kWarp; ++other) {
        std::memcpy(static_cast<unsigned char*>(all) + static_cast<std::size_t>(other) * bytes, warp.values[phase][other], bytes);
    }
}

void start_barrier(PhaseBarrier& barrier, int arrivals) {
    barrier = {static_cast<std::uint16_t>(arrivals), static_cast<std::uint8_t>(arrivals), 0, 0};
}

void arrive(PhaseBarrier& barrier, int bytes) {
    if (barrier.missing == 0) {
        block.fault = "more arrivals at a phase than it has";
        return;
    }
    barrier.bytes += bytes;
    --barrier.missing;
    end_phase_if_complete(barrier);
}

void wait_for_phase(PhaseBarrier& barrier, int parity) {
    for (;;) {
        for (std::size_t i = 0; i < block.copies.size();) {
            if (block.copies[i].barrier == &barrier) {
                const BulkCopy copy = block.copies[i];
                block.copies.erase(block.copies.begin() + static_cast<std::ptrdiff_t>(i));
                perform(copy);
            } else {
                ++i;
            }
        }
        if (static_cast<int>(barrier.phase) != parity || block.fault != nullptr) {
            block.progress = true;
            return;
        }
        wait_as(Wait::kPhase);
    }
}

void copy_bulk(void* target, const void* source, std::size_t bytes, PhaseBarrier& barrier) {
    if (((reinterpret_cast<std::uintptr_t>(target) | reinterpret_cast<std::uintptr_t>(source) | bytes) & 15u) != 0) {
        block.fault = "a bulk copy is not aligned to 16 bytes";
        return;
    }
    const BulkCopy copy = {target, source, bytes, &barrier};
    if (block.schedule == Schedule::kReverse) {
        block.copies.push_back(copy);
    } else {
        perform(copy);
    }
}

void begin_product(const Product& product) {
    if (block.schedule == Schedule::kReverse) {
        perform(product);
    } else {
        block.threads[static_cast<std::size_t>(block.running)].products.push_back(product);
    }
}

void commit_products() {
    Thread& thread = block.threads[static_cast<std::size_t>(block.running)];
    thread.groups.push_back(thread.products.size());
}

void wait_for_products(int groups) {
    Thread& thread = block.threads[static_cast<std::size_t>(block.running)];
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
    while (block.threads.size() < static_cast<std::size_t>(threads)) {
        block.threads.emplace_back();
    }
    block.thread_count = threads;
    block.kernel = &kernel;
    block.arguments = arguments;
    block.fault = nullptr;
    // An allocation of its own for every launch, exactly as large as the kernel's, so that the address sanitizer sees what lies beyond.
    std::free(block.shared);
    block.shared = nullptr;
    block.shared_bytes = 0;
    for (int row = 0; row < block_rows && block.fault == nullptr; ++row) {
        for (int column = 0; column < blocks && block.fault == nullptr; ++column) {
            block.position = {0, column, row, blocks};
            run_block(schedule);
        }
    }
    return block.fault;
}

}  // namespace simulation
}  // namespace tercet
