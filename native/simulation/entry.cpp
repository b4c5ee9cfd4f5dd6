// The simulation as a shared library: what the managed tests load in place of a driver.
#include "simulation.h"

#if defined(_WIN32)
#define TERCET_EXPORT extern "C" __declspec(dllexport)
#else
#define TERCET_EXPORT extern "C" __attribute__((visibility("default")))
#endif

// Bytes of a kernel's parameter struct; −1 where there is no such kernel.
TERCET_EXPORT long long tercet_simulation_parameter_bytes(const char* name) {
    const tercet::simulation::Kernel* kernel = tercet::simulation::find_kernel(name);
    return kernel == nullptr ? -1 : static_cast<long long>(kernel->argument_bytes);
}

// Runs a kernel to its end. `parameters[0]` points to its parameter struct. Returns null, or what went wrong.
TERCET_EXPORT const char* tercet_simulation_launch(const char* name, int blocks, int block_rows, int threads, int shared_bytes, void** parameters, int schedule) {
    const tercet::simulation::Kernel* kernel = tercet::simulation::find_kernel(name);
    if (kernel == nullptr) {
        return "there is no such kernel";
    }
    return tercet::simulation::launch(*kernel, blocks, block_rows, threads, parameters[0], static_cast<tercet::simulation::Schedule>(schedule),
        static_cast<std::size_t>(shared_bytes));
}
