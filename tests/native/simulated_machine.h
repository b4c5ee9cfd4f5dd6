// The host simulation as the machine of a test program.
#pragma once

#include "machine.h"
#include "simulation.h"

namespace test {

class SimulatedMachine final : public Machine {
public:
    // Exactly as long as asked for, so that the address sanitizer sees every step beyond.
    void* allocate(std::size_t bytes) override { return new char[bytes]; }
    void release(void* address) override { delete[] static_cast<char*>(address); }

    const char* launch(const char* kernel, int blocks, int block_rows, const void* arguments, int threads, int dynamic_bytes) override {
        const tercet::simulation::Kernel* found = tercet::simulation::find_kernel(kernel);
        return found == nullptr ? "there is no such kernel" : tercet::simulation::launch(*found, blocks, block_rows, threads, arguments, schedule_, static_cast<std::size_t>(dynamic_bytes));
    }

    void set_schedule(tercet::simulation::Schedule schedule) { schedule_ = schedule; }

private:
    tercet::simulation::Schedule schedule_ = tercet::simulation::Schedule::kRoundRobin;
};

inline SimulatedMachine& simulated_machine() {
    static SimulatedMachine only;
    return only;
}



}  // namespace test
