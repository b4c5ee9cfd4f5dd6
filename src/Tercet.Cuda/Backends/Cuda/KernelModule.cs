using Tercet.Backends.Cuda.Compilation;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>The kernels as a device loads them: those of the build, or compiled here where it has none for the card.</summary>
/// <param name="findBuilt">Gives the build's kernels; null where there are none.</param>
/// <param name="compiled">Compiles them; null where that is not to be tried.</param>
internal sealed class KernelModule(Func<byte[]?> findBuilt, CompiledKernels? compiled)
{
    /// <summary>The kernels that a caller's options lead to.</summary>
    public static KernelModule Of(CudaOptions options) => new(
        KernelImage.Find,
        new CompiledKernels(KernelSources.Embedded, device => NvrtcCompiler.Open(options.Nvrtc, device), KernelCache.Open(options.KernelCache)));

    /// <summary>Loads them.</summary>
    /// <returns>The module.</returns>
    /// <exception cref="CudaException">There are none for the device, and none could be compiled.</exception>
    public nint Load(ICudaDriver driver)
    {
        CudaException? refused = null;
        if (findBuilt() is byte[] built)
        {
            try
            {
                return driver.LoadModule(built);
            }
            catch (CudaException exception) when (CudaException.IsMissingImage(exception.Status) && compiled is not null)
            {
                refused = exception;
            }
        }

        try
        {
            return driver.LoadModule((compiled ?? throw new CudaException("There are no kernels, and no compiler for them.")).For(driver.Device));
        }
        catch (CudaException exception) when (refused is not null)
        {
            CudaDevice device = driver.Device;
            throw new CudaException($"The kernels of this build have none for {device.Name} (compute capability {device.ComputeMajor}.{device.ComputeMinor}), and compiling them failed: {exception.Message}", refused.Status, exception);
        }
    }
}
