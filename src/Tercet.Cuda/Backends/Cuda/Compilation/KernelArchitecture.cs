using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>What a compiler is to compile for a device.</summary>
internal static class KernelArchitecture
{
    // The cards whose own tensor-core instructions are in no other architecture.
    private const int Hopper = 90;

    /// <summary>
    /// Machine code where the compiler knows the device, else PTX of the newest capability below it, which the driver compiles on.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="compiler">The compiler.</param>
    /// <exception cref="CudaException">The compiler knows nothing that runs on the device.</exception>
    public static string Choose(CudaDevice device, IKernelCompiler compiler)
    {
        int capability = (10 * device.ComputeMajor) + device.ComputeMinor;
        int known = compiler.Capabilities.Where(each => each <= capability).DefaultIfEmpty(0).Max();
        if (known == 0)
            throw new CudaException($"{compiler.Version} compiles for no card as old as {device.Name} (compute capability {device.ComputeMajor}.{device.ComputeMinor}). Use an older one, or mine on the CPU.");
        if (known != capability)
            return $"compute_{known}";
        return capability == Hopper ? $"sm_{known}a" : $"sm_{known}";
    }
}
