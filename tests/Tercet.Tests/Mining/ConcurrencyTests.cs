using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Many threads on one miner, some of them cancelled: the others notice nothing.</summary>
public sealed class ConcurrencyTests
{
    [Fact]
    public void Mine_ManyThreadsSomeCancelled_LeavesTheOthersRight()
    {
        using OwnedMiner owned = new(new CpuBackend());
        MiningRule[] rules = Enum.GetValues<MiningRule>();
        MiningCase[] cases = [.. Enumerable.Range(0, 8).Select(i => MiningCase.Square(RowKind.Clustered, LabelKind.Few, 150 + (70 * i), 40 + i, seed: i))];
        Triplet[][] expected = [.. cases.Select((each, i) => owned.Mine(each, Options(i), out _))];
        int cancelled = 0, completed = 0;
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(worker => new Thread(() => Work(worker)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Null(failure);
        Assert.InRange(cancelled, 8 * 5, int.MaxValue);
        Assert.InRange(completed, 8 * 10, int.MaxValue);

        MiningOptions Options(int i) => new() { Rule = rules[i % rules.Length], Normalize = true, Seed = (ulong)i, Threads = 1 + (i % 3) };

        void Work(int worker)
        {
            try
            {
                var random = new Random(worker);
                Triplet[] triplets = new Triplet[20_000];
                for (int round = 0; round < 20; round++)
                {
                    int i = (worker + round) % cases.Length;
                    using CancellationTokenSource source = new();

                    // One in four is cancelled before it starts, one in four at some moment, half not at all.
                    if (round % 4 == 0)
                        source.Cancel();
                    else if (round % 4 == 1)
                        source.CancelAfter(TimeSpan.FromMicroseconds(random.Next(4000)));
                    try
                    {
                        int count = owned.Miner.Mine(cases[i].Input, Options(i), triplets, out _, source.Token);
                        Assert.NotEqual(0, round % 4);
                        Assert.Equal(expected[i], triplets[..count]);
                        Interlocked.Increment(ref completed);
                    }
                    catch (OperationCanceledException stopped)
                    {
                        Assert.Equal(source.Token, stopped.CancellationToken);
                        Assert.InRange(round % 4, 0, 1);
                        Interlocked.Increment(ref cancelled);
                    }
                }
            }
            catch (Exception other)
            {
                Interlocked.CompareExchange(ref failure, other, null);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mine_CancelledWhileItRuns_StopsEarlyAndTheMinerWorksOn(int threads)
    {
        using OwnedMiner owned = new(new CpuBackend());
        MiningCase small = MiningCase.Square(RowKind.Normal, LabelKind.Few, 50, 8, seed: 1);
        Triplet[] expected = owned.Mine(small, new MiningOptions(), out _);

        // Seconds of work, by far: it ends early or the exception is missing.
        MiningCase large = MiningCase.Square(RowKind.Duplicates, LabelKind.Few, 30_000, 256, seed: 2);
        Triplet[] triplets = new Triplet[300_000];
        using CancellationTokenSource source = Cancelled.After(50);

        Assert.Throws<OperationCanceledException>(() => owned.Miner.Mine(large.Input, new MiningOptions { Threads = threads }, triplets, out _, source.Token));
        Assert.Equal(expected, owned.Mine(small, new MiningOptions { Threads = threads }, out _));
    }

    [Fact]
    public void Stream_ConsumerThrows_PassesItOnAndTheMinerWorksOn()
    {
        using OwnedMiner owned = new(new CpuBackend());
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 200, 8, seed: 3);
        Triplet[] expected = owned.Mine(each, new MiningOptions(), out _);

        Assert.Throws<InvalidTimeZoneException>(() =>
            owned.Miner.StreamPairs(each.Input, 0.1, new MiningOptions { Threads = 2 }, _ => throw new InvalidTimeZoneException(), TestContext.Current.CancellationToken));
        Assert.Equal(expected, owned.Mine(each, new MiningOptions { Threads = 2 }, out _));
    }
}
