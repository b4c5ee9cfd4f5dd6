using Tercet.Backends.Cuda;
using Tercet.Tests.Interchange;

namespace Tercet.Tests.Cuda;

/// <summary>Where the compiled kernels come from.</summary>
public sealed class KernelImageTests
{
    [Fact]
    public void Load_FileNamedByTheVariable_IsTaken()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "kernels.fatbin");
        File.WriteAllBytes(path, [1, 2, 3]);

        Assert.Equal([1, 2, 3], KernelImage.LoadFile(path));
    }

    [Fact]
    public void Load_MissingFile_NamesItAndTheVariable()
    {
        CudaException exception = Assert.Throws<CudaException>(() => KernelImage.LoadFile("/no/such/kernels.fatbin"));

        Assert.Contains("/no/such/kernels.fatbin", exception.Message, StringComparison.Ordinal);
        Assert.Contains("TERCET_CUDA_KERNELS", exception.Message, StringComparison.Ordinal);
    }
}
