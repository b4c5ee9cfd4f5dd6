// A library with the driver's names whose card is the host simulation: what proves device_check where there is no card.
#include <cstdlib>
#include <cstring>

#include "simulation.h"

namespace {

char only_handle;

}  // namespace

#define DRIVER_FUNCTION extern "C" __attribute__((visibility("default"))) int

DRIVER_FUNCTION cuInit(unsigned) { return 0; }
DRIVER_FUNCTION cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
DRIVER_FUNCTION cuDeviceGetName(char* name, int length, int) { return std::strncpy(name, "host simulation", static_cast<std::size_t>(length)), 0; }
DRIVER_FUNCTION cuDeviceGetAttribute(int* value, int attribute, int) { return *value = attribute == 75 ? 9 : attribute == 16 ? 3 : 0, 0; }
DRIVER_FUNCTION cuDevicePrimaryCtxRetain(void** context, int) { return *context = &only_handle, 0; }
DRIVER_FUNCTION cuCtxSetCurrent(void*) { return 0; }
DRIVER_FUNCTION cuModuleLoadData(void** module, const void*) { return *module = &only_handle, 0; }
DRIVER_FUNCTION cuModuleGetFunction(void** function, void*, const char* name) {
    const tercet::simulation::Kernel* kernel = tercet::simulation::find_kernel(name);
    *function = const_cast<tercet::simulation::Kernel*>(kernel);
    return kernel == nullptr ? 500 : 0;
}
DRIVER_FUNCTION cuFuncSetAttribute(void*, int, int) { return 0; }
DRIVER_FUNCTION cuMemAllocManaged(unsigned long long* address, std::size_t bytes, unsigned) {
    *address = static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(std::malloc(bytes)));
    return *address == 0 ? 2 : 0;
}
DRIVER_FUNCTION cuMemFree_v2(unsigned long long address) { return std::free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(address))), 0; }
DRIVER_FUNCTION cuMemPrefetchAsync(unsigned long long, std::size_t, int, void*) { return 0; }
DRIVER_FUNCTION cuEventCreate(void** event, unsigned) { return *event = &only_handle, 0; }
DRIVER_FUNCTION cuEventRecord(void*, void*) { return 0; }
DRIVER_FUNCTION cuEventSynchronize(void*) { return 0; }
DRIVER_FUNCTION cuEventElapsedTime(float* milliseconds, void*, void*) { return *milliseconds = 1, 0; }
DRIVER_FUNCTION cuLaunchKernel(void* function, unsigned blocks, unsigned block_rows, unsigned, unsigned threads, unsigned, unsigned, unsigned dynamic_bytes, void*, void** parameters, void**) {
    const char* fault = tercet::simulation::launch(*static_cast<const tercet::simulation::Kernel*>(function), static_cast<int>(blocks), static_cast<int>(block_rows),
        static_cast<int>(threads), parameters[0], tercet::simulation::Schedule::kGreedy, dynamic_bytes);
    return fault == nullptr ? 0 : 719;
}
