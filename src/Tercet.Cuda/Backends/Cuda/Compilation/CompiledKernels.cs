using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda.Compilation;

/// <summary>Kernels compiled for the device at hand, once: later processes find them in the cache.</summary>
/// <param name="sources">The sources.</param>
/// <param name="openCompiler">Opens the compiler for a device.</param>
/// <param name="cache">Where images are kept; null where they are not.</param>
internal sealed class CompiledKernels(KernelSources sources, Func<CudaDevice, IKernelCompiler> openCompiler, KernelCache? cache)
{
    /// <summary>The image for a device.</summary>
    /// <exception cref="CudaException">There is no compiler, or it does not compile the kernels for the device.</exception>
    public byte[] For(CudaDevice device)
    {
        IKernelCompiler compiler = openCompiler(device);
        string architecture = KernelArchitecture.Choose(device, compiler);
        string key = KernelCache.Key(sources, architecture, compiler.Version, device.DriverVersion);
        if (cache?.Find(key) is byte[] kept)
            return kept;
        byte[] image = compiler.Compile(sources, architecture);
        cache?.Keep(key, image);
        return image;
    }
}
