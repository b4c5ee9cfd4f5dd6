namespace Tercet.Backends.Cuda;

/// <summary>How a <see cref="CudaBackend"/> is opened.</summary>
public sealed record CudaOptions
{
    /// <summary>The device's number. Default 0.</summary>
    public int Device { get; init; }

    /// <summary>
    /// The folder that kernels compiled on this machine are kept in; null means the one that <c>TERCET_CUDA_CACHE</c> names, else <c>tercet/kernels</c> in the user's
    /// own cache. Empty: they are compiled anew by every process. Only used where the build holds no kernels for the card.
    /// </summary>
    public string? KernelCache { get; init; }

    /// <summary>The file of NVIDIA's runtime compiler (<c>libnvrtc.so.12</c>); null means the one that <c>TERCET_NVRTC</c> names, else the system's.</summary>
    public string? Nvrtc { get; init; }
}
