using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

/// <summary>Far more than can be done, with callers that give up, and an end in the middle of it: every request ends once, with its own embedding or a refusal.</summary>
public sealed class StormTests
{
    private const float Pattern = 12345.678f;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(4, 2)]
    public async Task EmbedAsync_TooMuchAndGivenUp_EveryRequestEndsOnceAndRight(int batch, int workers)
    {
        const int Requests = 20_000;
        using TestService service = new(options => (options.BatchSize, options.Workers, options.QueueCapacity) = (batch, workers, 16));
        List<float[]> memory = [];
        int right = 0;
        int refused = 0;
        int givenUp = 0;
        await Parallel.ForAsync(0, 64, TestContext.Current.CancellationToken, async (caller, _) =>
        {
            Random random = new(caller);
            for (int i = caller; i < Requests; i += 64)
            {
                float[] embedding = new float[TinyModels.Dimension];
                using CancellationTokenSource source = new();
                ValueTask task = default;
                bool isRefused = false;
                try
                {
                    task = service.Embedder.EmbedAsync(TestService.Sample(i), embedding, $"caller {caller}", source.Token);
                }
                catch (TercetOverloadedException)
                {
                    isRefused = true;
                    Interlocked.Increment(ref refused);
                }

                if (random.Next(8) == 0)
                    await source.CancelAsync();
                try
                {
                    if (isRefused)
                        continue;
                    await task;
                    TestService.AssertEmbedding(i, embedding);
                    Interlocked.Increment(ref right);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref givenUp);
                }
                finally
                {
                    embedding.AsSpan().Fill(Pattern);
                    lock (memory)
                        memory.Add(embedding);
                }
            }
        });
        Assert.Equal(Requests, right + refused + givenUp);
        Assert.True(right > 0);
        Assert.DoesNotContain(memory, each => each.AsSpan().ContainsAnyExcept(Pattern));
        Assert.Equal(0, service.Embedder.Waiting);
    }

    [Fact]
    public async Task Dispose_InTheMiddleOfRequests_EndsEveryOneOfThem()
    {
        for (int round = 0; round < 100; round++)
        {
            TestService service = new(options => (options.BatchSize, options.Workers) = (2, 2));
            int started = 0;
            Task[] callers = [.. Enumerable.Range(0, 4).Select(caller => Task.Run(async () =>
            {
                float[] embedding = new float[TinyModels.Dimension];
                try
                {
                    for (int i = 0; ; i++)
                    {
                        Interlocked.Increment(ref started);
                        using CancellationTokenSource source = new();
                        Task request = service.Embedder.EmbedAsync(TestService.Sample(i), embedding, cancellationToken: source.Token).AsTask();
                        if (i % 3 == caller % 3)
                            await source.CancelAsync();
                        try
                        {
                            await request;
                        }
                        catch (OperationCanceledException)
                        {
                            continue;
                        }

                        TestService.AssertEmbedding(i, embedding);
                    }
                }
                catch (Exception end) when (end is TercetOverloadedException { Reason: OverloadReason.Stopping } or ObjectDisposedException)
                {
                    // The service has ended.
                }
            }))];
            while (Volatile.Read(ref started) < 50)
                await Task.Yield();
            service.Dispose();
            await Task.WhenAll(callers);
        }
    }
}
