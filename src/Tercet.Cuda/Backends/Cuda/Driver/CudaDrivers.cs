namespace Tercet.Backends.Cuda.Driver;

/// <summary>Opens the driver that this build has.</summary>
internal static class CudaDrivers
{
#if ENABLE_CUDA
    public static bool IsEnabled => true;

    public static ICudaDriver Open(int device) => ManagedCudaDriver.Open(device);
#else
    public static bool IsEnabled => false;

    public static ICudaDriver Open(int device) =>
        throw new CudaException($"CUDA device {device} cannot be opened: this build of Tercet.Cuda has no CUDA support. Build it with -p:EnableCuda=true, or mine on the CPU.");
#endif
}
