using Tercet.Extensions.Batching;
using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

public sealed class MicroBatcherTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 2)]
    [InlineData(3, 3)]
    public async Task EmbedAsync_ManyCallersAtOnce_EachGetsItsOwn(int batch, int workers)
    {
        const int Callers = 8;
        const int Requests = 12_500;
        using TestService service = new(options => (options.BatchSize, options.Workers, options.QueueCapacity, options.MaxBatchWait) = (batch, workers, 100_000, TimeSpan.FromMilliseconds(1)));
        int answered = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
            async () =>
            {
                float[] sample = new float[TinyModels.Features];
                float[] embedding = new float[TinyModels.Dimension];
                for (int i = 0; i < Requests; i++)
                {
                    // Zero but for one feature: the embedding is that feature's weights, times a number that no other request has.
                    int feature = i % TinyModels.Features;
                    float factor = (caller * Requests) + i + 1;
                    sample[feature] = factor;
                    await service.Embedder.EmbedAsync(sample, embedding, $"caller {caller}", Token);
                    sample[feature] = 0;
                    for (int j = 0; j < embedding.Length; j++)
                        Assert.Equal(factor * TinyModels.Weights[(feature * TinyModels.Dimension) + j], embedding[j]);
                    Interlocked.Increment(ref answered);
                }
            },
            Token)));
        Assert.Equal(Callers * Requests, answered);
        Assert.Equal(0, service.Embedder.Waiting);
    }

    [Fact]
    public async Task EmbedAsync_QueueFull_RefusesAtOnce()
    {
        using TestService service = new(options => options.QueueCapacity = 3);
        float[] first = new float[TinyModels.Dimension];
        EmbedRequest place = service.TakePlace(first);
        ValueTask firstTask = place.Task;
        Task<float[]>[] waiting = [service.Embed(1), service.Embed(2), service.Embed(3)];
        Assert.Equal(3, service.Embedder.Waiting);
        TercetOverloadedException refused = await Assert.ThrowsAsync<TercetOverloadedException>(() => service.Embed(4));
        Assert.Equal(OverloadReason.QueueFull, refused.Reason);

        place.Fill(new SampleFill(TestService.Sample(0)));
        await firstTask;
        TestService.AssertEmbedding(0, first);
        for (int i = 0; i < 3; i++)
            TestService.AssertEmbedding(i + 1, await waiting[i]);
    }

    [Fact]
    public async Task EmbedAsync_OneCallerFloods_OthersStillGetIn()
    {
        using TestService service = new(options => options.QueueCapacity = 8);
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        List<Task<float[]>> waiting = [];
        for (int i = 0; i < 4; i++)
            waiting.Add(service.Embed(i, "greedy"));
        TercetOverloadedException refused = await Assert.ThrowsAsync<TercetOverloadedException>(() => service.Embed(4, "greedy"));
        Assert.Equal(OverloadReason.CallerShare, refused.Reason);
        waiting.Add(service.Embed(5, "modest"));
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task EmbedAsync_DeadlinePassed_RefusesInsteadOfRunning()
    {
        using TestService service = new(options => options.Deadline = TimeSpan.FromMilliseconds(1000));
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        Task<float[]> late = service.Embed(1);
        while (TimeProvider.System.GetElapsedTime(place.Arrived).TotalMilliseconds < 1200)
            await Task.Delay(100, Token);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        TercetOverloadedException refused = await Assert.ThrowsAsync<TercetOverloadedException>(() => late);
        Assert.Equal(OverloadReason.Deadline, refused.Reason);
    }

    [Fact]
    public async Task EmbedAsync_CancelledWhileWaiting_LeavesTheQueueAtOnce()
    {
        using TestService service = new();
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        using CancellationTokenSource source = new();
        Task<float[]> given = service.Embed(1, until: source);
        Task<float[]> other = service.Embed(2);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Assert.Equal(1, service.Embedder.Waiting);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        TestService.AssertEmbedding(2, await other);
    }

    [Fact]
    public async Task EmbedAsync_CancelledWhileItsBatchWaits_TakesNoPlaceInTheRun()
    {
        using BatchSizes sizes = new();
        using TestService service = new(options => (options.BatchSize, options.MaxBatchWait, options.ModelName) = (4, TimeSpan.FromHours(1), nameof(EmbedAsync_CancelledWhileItsBatchWaits_TakesNoPlaceInTheRun)));
        using CancellationTokenSource source = new();
        Task<float[]> given = service.Embed(1, until: source);
        Task<float[]>[] kept = [service.Embed(2), service.Embed(3)];
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        kept = [.. kept, service.Embed(4), service.Embed(5)];
        for (int i = 0; i < kept.Length; i++)
            TestService.AssertEmbedding(i + 2, await kept[i]);
        Assert.Equal([4], sizes.Of(service.Embedder.ModelName));
    }

    [Fact]
    public async Task EmbedAsync_CancelledWhileBeingFilled_IsNotRun()
    {
        using BatchSizes sizes = new();
        using TestService service = new(options => (options.BatchSize, options.ModelName) = (2, nameof(EmbedAsync_CancelledWhileBeingFilled_IsNotRun)));
        using CancellationTokenSource source = new();
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension], source);
        ValueTask given = place.Task;
        Task<float[]> mate = service.Embed(1);
        source.Cancel();
        place.Fill(new SampleFill(TestService.Sample(0)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await given);
        TestService.AssertEmbedding(1, await mate);
        Assert.Equal([1], sizes.Of(service.Embedder.ModelName));
    }

    [Fact]
    public async Task EmbedAsync_TokenCancelledBefore_ThrowsAndTakesNothing()
    {
        using TestService service = new();
        using CancellationTokenSource source = new();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Embed(1, until: source));
        TestService.AssertEmbedding(2, await service.Embed(2));
    }

    [Fact]
    public async Task EmbedAsync_CancelledAtAnyMoment_OthersAreRight()
    {
        using TestService service = new(options => (options.BatchSize, options.Workers, options.QueueCapacity) = (4, 2, 1000));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(
            async () =>
            {
                Random random = new(caller);
                for (int i = 0; i < 500; i++)
                {
                    using CancellationTokenSource source = new();
                    Task<float[]> request = service.Embed((caller * 1000) + i, until: source);
                    if (random.Next(2) == 0)
                        source.Cancel();
                    try
                    {
                        TestService.AssertEmbedding((caller * 1000) + i, await request);
                    }
                    catch (OperationCanceledException)
                    {
                        Assert.True(source.IsCancellationRequested);
                    }
                }
            },
            Token)));
        Assert.Equal(0, service.Embedder.Waiting);
    }

    [Fact]
    public async Task Embed_FromManyThreads_EachGetsItsOwn()
    {
        using TestService service = new(options => (options.BatchSize, options.MaxBatchWait) = (4, TimeSpan.FromMilliseconds(1)));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(caller => Task.Factory.StartNew(
            () =>
            {
                float[] embedding = new float[TinyModels.Dimension];
                for (int i = 0; i < 200; i++)
                {
                    service.Embedder.Embed(TestService.Sample((caller * 1000) + i), embedding, $"{caller}", Token);
                    TestService.AssertEmbedding((caller * 1000) + i, embedding);
                }
            },
            Token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    [Fact]
    public async Task DrainAsync_RequestsUnderWay_AnswersThemAndRefusesNewOnes()
    {
        using TestService service = new();
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        Task<float[]> waiting = service.Embed(1);
        Task drain = service.Embedder.DrainAsync(Token);
        Assert.Equal(OverloadReason.Stopping, (await Assert.ThrowsAsync<TercetOverloadedException>(() => service.Embed(2))).Reason);
        Assert.False(drain.IsCompleted);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        TestService.AssertEmbedding(1, await waiting);
        await drain;
    }

    [Fact]
    public async Task DrainAsync_TimeOver_RefusesWhatWaits()
    {
        using TestService service = new(options => options.DrainTimeout = TimeSpan.Zero);
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        Task<float[]> waiting = service.Embed(1);
        await service.Embedder.DrainAsync(Token);
        Assert.Equal(OverloadReason.Stopping, (await Assert.ThrowsAsync<TercetOverloadedException>(() => waiting)).Reason);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
    }

    [Fact]
    public async Task EmbedAsync_Disposed_Throws()
    {
        TestService service = new();
        service.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.Embed(1));
    }

    [Fact]
    public async Task EmbedAsync_WrongLengths_Throws()
    {
        using TestService service = new();
        await Assert.ThrowsAsync<ArgumentException>("sample", async () => await service.Embedder.EmbedAsync(new float[3], new float[5], cancellationToken: Token));
        await Assert.ThrowsAsync<ArgumentException>("embedding", async () => await service.Embedder.EmbedAsync(TestService.Sample(0), new float[6], cancellationToken: Token));
    }
}
