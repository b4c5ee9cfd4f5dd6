using CommunityToolkit.HighPerformance;
using Tercet.Forward;

namespace Tercet.Tests.Forward;

public sealed class SFaceTests
{
    private const string Sha256 = "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79";

    [Fact]
    public void Load_SFace_IsMadeDynamicAndBatchesEqualSingleRuns()
    {
        EmbedderOptions options = new() { Device = DeviceChoice.Cpu, MaxBatch = 11 };
        using OnnxEmbedder embedder = OnnxEmbedder.Load(Path.Combine(Repository.RequireAssets(), "sface.onnx"), options);
        Assert.Equal(Sha256, embedder.Info.Sha256);
        Assert.Equal((BatchMode.MadeDynamic, 128, 3 * 112 * 112), (embedder.Info.BatchMode, embedder.Dimension, embedder.InputLength));

        Random random = new(9);
        for (int i = 0; i < embedder.Input.Length; i++)
            embedder.Input[i] = random.Next(256);
        using OnnxEmbedder single = embedder.CreateSibling();
        float[,] together = embedder.Run(11).ToArray();
        for (int sample = 0; sample < 11; sample++)
        {
            embedder.InputSlot(sample).CopyTo(single.Input);
            ReadOnlySpan2D<float> alone = single.Run(1);
            for (int j = 0; j < 128; j++)
                Assert.Equal(alone[0, j], together[sample, j], 1e-3f);
        }

        GC.Collect();
        long before = GC.GetAllocatedBytesForCurrentThread();
        embedder.Run(11);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
