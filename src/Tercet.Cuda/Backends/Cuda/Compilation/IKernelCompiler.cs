namespace Tercet.Backends.Cuda.Compilation;

/// <summary>What turns the kernels' sources into an image that a driver loads.</summary>
internal interface IKernelCompiler
{
    /// <summary>Its name and version: images of one are not taken for those of another.</summary>
    string Version { get; }

    /// <summary>The compute capabilities that it knows, as 10 × major + minor.</summary>
    IReadOnlyList<int> Capabilities { get; }

    /// <summary>Compiles.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="architecture"><c>sm_NN</c> for machine code, <c>compute_NN</c> for PTX, as <see cref="KernelArchitecture"/> chooses.</param>
    /// <returns>A cubin, or PTX.</returns>
    /// <exception cref="CudaException">They do not compile; the message holds the compiler's own.</exception>
    byte[] Compile(KernelSources sources, string architecture);
}
