using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

/// <summary>Alone, since what the runtime does for others would be counted.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Calls = 200;
    private const int Rounds = 100;

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(4, false)]
    public void Embed_WhenWarm_AllocatesNothing(int batch, bool blocks)
    {
        using TestService service = new(options => options.BatchSize = batch);
        float[] sample = TestService.Sample(1);
        float[] embedding = new float[TinyModels.Dimension];
        using CancellationTokenSource source = new();
        long least = long.MaxValue;

        // The least of many rounds: the first ones run code that the runtime has not optimised yet.
        for (int round = 0; round < Rounds && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread() + service.Embedder.Batcher.AllocatedBytes;
            for (int i = 0; i < Calls; i++)
            {
                if (blocks)
                {
                    service.Embedder.Embed(sample, embedding, "caller", source.Token);
                    continue;
                }

                ValueTask task = service.Embedder.EmbedAsync(sample, embedding, "caller", source.Token);
                SpinWait spin = default;
                while (!task.IsCompleted)
                    spin.SpinOnce();
#pragma warning disable xUnit1031 // It has completed; an await would allocate.
                task.GetAwaiter().GetResult();
#pragma warning restore xUnit1031
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() + service.Embedder.Batcher.AllocatedBytes - before);
        }

        Assert.Equal(0, least);
    }
}
