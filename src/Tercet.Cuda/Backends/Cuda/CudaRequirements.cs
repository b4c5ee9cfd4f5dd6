using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>What a driver and a device must be.</summary>
internal static class CudaRequirements
{
    private const int OldestDriver = 12000;
    private const int OldestCapability = 75;

    /// <summary>Refuses a driver or a device that is too old.</summary>
    /// <exception cref="CudaException">It is.</exception>
    public static void Check(CudaDevice device)
    {
        if (device.DriverVersion < OldestDriver)
            throw new CudaException($"The CUDA driver runs CUDA {device.DriverVersion / 1000}.{device.DriverVersion % 1000 / 10}; 12.0 or newer is needed. Update NVIDIA's driver, or mine on the CPU.");
        if ((10 * device.ComputeMajor) + device.ComputeMinor < OldestCapability)
            throw new CudaException($"{device.Name} has compute capability {device.ComputeMajor}.{device.ComputeMinor}; 7.5 or newer is needed. Mine on the CPU.");
    }
}
