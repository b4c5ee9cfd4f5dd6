using Tercet.Forward;

namespace Tercet.Tests.Forward;

public sealed class StreamPlanTests : IDisposable
{
    private static readonly EmbedderOptions OnCpu = new() { Device = DeviceChoice.Cpu, Threads = 1, MaxBatch = 8 };

    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_Options_SlicesOfImagesDoNotDependOnThreads()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Image(1, 3, 4, 4)), OnCpu with { MaxBatch = 32, Streams = 1 });
        Assert.Equal(new StreamPlan(1, 4), StreamPlan.Of(OnCpu with { MaxBatch = 32, Threads = 1 }, embedder.Info));
        Assert.Equal(new StreamPlan(1, 32), StreamPlan.Of(OnCpu with { MaxBatch = 33, Threads = 0 }, embedder.Info));
        Assert.Equal(new StreamPlan(7, 4), StreamPlan.Of(OnCpu with { MaxBatch = 8, Threads = 0, Streams = 7 }, embedder.Info));
        Assert.Equal(new StreamPlan(7, 4), StreamPlan.Of(OnCpu with { MaxBatch = 32, Threads = 2, Streams = 7 }, embedder.Info));
        Assert.Equal(new StreamPlan(1, 2), StreamPlan.Of(OnCpu with { MaxBatch = 2, Threads = 1 }, embedder.Info));
        Assert.Equal(new StreamPlan(Environment.ProcessorCount, 4), StreamPlan.Of(OnCpu with { MaxBatch = 64, Threads = 0, Streams = 0 }, embedder.Info));
        using OnnxEmbedder vectors = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("batch")), OnCpu);
        Assert.Equal(new StreamPlan(3, 8), StreamPlan.Of(OnCpu with { MaxBatch = 32, Streams = 3 }, vectors.Info));
        using OnnxEmbedder single = OnnxEmbedder.Load(_folder.Save(TinyModels.ConstantReshape(1)), OnCpu);
        Assert.Equal(new StreamPlan(3, 1), StreamPlan.Of(OnCpu with { MaxBatch = 32, Streams = 3 }, single.Info));
    }
}
