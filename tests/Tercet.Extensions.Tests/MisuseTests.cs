using System.Buffers;
using Tercet.Extensions.Batching;
using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

/// <summary>A caller's mistake stays the caller's: no other request and no thread of the service suffers.</summary>
public sealed class MisuseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EmbedAsync_ResultAskedForBeforeTheEnd_ThrowsAndTheRequestGoesOn()
    {
        using TestService service = new();
        float[] embedding = new float[TinyModels.Dimension];
        EmbedRequest place = service.TakePlace(embedding);
        ValueTask task = place.Task;
#pragma warning disable xUnit1031, CA2012 // The mistakes that this is about.
        Assert.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult());
        Task<float[]> other = service.Embed(1);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await task;
        TestService.AssertEmbedding(0, embedding);
        TestService.AssertEmbedding(1, await other);

        // The object is another request's by now.
        EmbedRequest next = service.TakePlace(embedding);
        ValueTask nextTask = next.Task;
        Assert.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult());
#pragma warning restore xUnit1031, CA2012
        next.Fill(new SampleFill(TestService.Sample(2)));
        await nextTask;
        TestService.AssertEmbedding(2, embedding);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task EmbedAsync_CallersMemoryGone_FailsAlone(int batch)
    {
        using TestService service = new(options => options.BatchSize = batch);
        using GoneMemory gone = new();
        float[] embedding = new float[TinyModels.Dimension];

        // Behind a request that holds its place, so that the service's own threads look at the memory.
        EmbedRequest place = service.TakePlace(embedding);
        ValueTask first = place.Task;
        Task noSample = service.Embedder.EmbedAsync(gone.Memory[..TinyModels.Features], new float[TinyModels.Dimension], cancellationToken: Token).AsTask();
        Task noRoom = service.Embedder.EmbedAsync(TestService.Sample(1), gone.Memory[..TinyModels.Dimension], cancellationToken: Token).AsTask();
        Task<float[]> good = service.Embed(2);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => noSample);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => noRoom);
        TestService.AssertEmbedding(0, embedding);
        TestService.AssertEmbedding(2, await good);
    }

    private sealed class GoneMemory : MemoryManager<float>
    {
        public override Memory<float> Memory => CreateMemory(TinyModels.Features + TinyModels.Dimension);

        public override Span<float> GetSpan() => throw new ObjectDisposedException(nameof(GoneMemory));

        public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException(nameof(GoneMemory));

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
