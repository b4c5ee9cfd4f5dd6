// What runs the kernels of a test: the host simulation, or a card.
#pragma once

#include <cstddef>

namespace test {

class Machine {
public:
    virtual ~Machine() = default;

    // Memory that both the host and the kernels reach.
    virtual void* allocate(std::size_t bytes) = 0;
    virtual void release(void* address) = 0;

    // Runs a kernel to its end. Returns nothing, or what went wrong.
    virtual const char* launch(const char* kernel, int blocks, int block_rows, const void* arguments, int threads = 256, int dynamic_bytes = 0) = 0;
};

// The test program's machine.
Machine& machine();

}  // namespace test
