using Microsoft.ML.OnnxRuntime;
using Tercet.Forward;

namespace Tercet.Tests.Forward;

public sealed class DeviceTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_CudaWithoutProvider_SaysWhatIsMissing()
    {
        SkipWithCuda();
        string path = _folder.Save(TinyModels.Vector("n"));
        DeviceUnavailableException failure = Assert.Throws<DeviceUnavailableException>(() => OnnxEmbedder.Load(path, new EmbedderOptions { Device = DeviceChoice.Cuda }));
        Assert.Contains("CPUExecutionProvider", failure.Message, StringComparison.Ordinal);
        Assert.Contains(EmbedderOptions.CudaProviderVariable, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AutoWithoutProvider_TakesTheCpuAndSaysWhy()
    {
        SkipWithCuda();
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("n")));
        Assert.Equal(DeviceChoice.Cpu, embedder.Info.Device);
        Assert.Contains("cuda", embedder.Info.DeviceNote!, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ProviderLibraryMissingOrNotALibrary_NamesIt()
    {
        string path = _folder.Save(TinyModels.Vector("n"));
        foreach (string library in new[] { _folder.PathOf("missing.so"), _folder.Save("not a library"u8.ToArray(), "text.so") })
        {
            EmbedderOptions options = new() { Device = DeviceChoice.Cuda, CudaProviderLibrary = library };
            DeviceUnavailableException failure = Assert.Throws<DeviceUnavailableException>(() => OnnxEmbedder.Load(path, options));
            Assert.StartsWith(library, failure.Message, StringComparison.Ordinal);

            using OnnxEmbedder auto = OnnxEmbedder.Load(path, options with { Device = DeviceChoice.Auto });
            Assert.StartsWith(library, auto.Info.DeviceNote, StringComparison.Ordinal);
        }
    }

    private static void SkipWithCuda()
    {
        if (OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider") || Environment.GetEnvironmentVariable(EmbedderOptions.CudaProviderVariable) is not null)
            Assert.Skip("This runtime has a CUDA provider.");
    }
}
