using Tercet.Extensions.Batching;

namespace Tercet.Extensions.Tests;

public sealed class FairQueueTests : IDisposable
{
    private readonly TestService _service = new();

    public void Dispose() => _service.Dispose();

    [Fact]
    public void TryTake_ThreeCallers_TakeTurns()
    {
        FairQueue queue = new();
        foreach ((string? caller, int count) in new[] { ("a", 5), ("b", 2), (null, 3) })
        {
            for (int i = 0; i < count; i++)
                queue.Add(Request(caller));
        }

        Assert.Equal([5, 2, 3, 0], new[] { "a", "b", null, "c" }.Select(queue.CountOf));
        Assert.Equal(["a", "b", null, "a", "b", null, "a", null, "a", "a"], Enumerable.Range(0, 10).Select(_ => queue.TryTake()!.Caller));
        Assert.Null(queue.TryTake());
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Remove_AnyRequest_LeavesTheOthersInOrder()
    {
        // Against a list for each caller, over random additions, removals and takings.
        Random random = new(11);
        FairQueue queue = new();
        List<EmbedRequest> all = [];
        for (int round = 0; round < 5000; round++)
        {
            if (random.Next(3) > 0)
            {
                EmbedRequest added = Request($"caller {random.Next(4)}");
                queue.Add(added);
                all.Add(added);
            }
            else if (all.Count > 0 && random.Next(2) == 0)
            {
                EmbedRequest removed = all[random.Next(all.Count)];
                queue.Remove(removed);
                all.Remove(removed);
            }
            else if (queue.TryTake() is { } taken)
            {
                Assert.Same(all.First(request => request.Caller == taken.Caller), taken);
                all.Remove(taken);
            }

            Assert.Equal(all.Count, queue.Count);
        }

        while (queue.TryTake() is { } left)
            Assert.True(all.Remove(left));
        Assert.Empty(all);
    }

    private EmbedRequest Request(string? caller) => new(_service.Embedder.Batcher, 1) { Caller = caller };
}
