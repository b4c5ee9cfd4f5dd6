using Tercet.Mining;

namespace Tercet.Tests.Mining;

public sealed class IdentityBatchSamplerTests
{
    // Identities 100…111 with 2…13 rows, three singletons, four rows that are negatives from the start.
    private static readonly long[] Labels =
        [.. Enumerable.Range(0, 12).SelectMany(i => Enumerable.Repeat(100L + i, i + 2)), 7, 8, 9, -1, -1, -1, -1];

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(11)]
    [InlineData(12)]
    public void Next_AnyNumberOfIdentities_CoversEachOnceAnEpoch(int identitiesPerBatch)
    {
        IdentityBatchSampler sampler = new(Labels, identitiesPerBatch, 3, 2, seed: 4);
        List<long> sequence = [];

        for (int batch = 0; batch < 12 * 4; batch++)
        {
            long[] identities = [.. Draw(sampler).Where(r => r.Label != -1).Select(r => r.Label).Distinct()];
            Assert.Equal(identitiesPerBatch, identities.Length);
            sequence.AddRange(identities);
        }

        foreach (long[] epoch in sequence.Chunk(12))
            Assert.Equal(Enumerable.Range(100, 12).Select(i => (long)i), epoch.Order());
        Assert.Equal(sequence.Count / 12, sampler.State.Epoch + (sampler.State.Cursor / 12));
    }

    [Fact]
    public void Next_EveryBatch_HasNoDuplicatesNoFalseNegativesAndWhatEachIdentityHas()
    {
        IdentityBatchSampler sampler = new(Labels, 5, 4, 20, seed: 1);
        for (int batch = 0; batch < 200; batch++)
        {
            (int Row, long Label)[] drawn = Draw(sampler);
            Assert.Equal(drawn.Length, drawn.Select(r => r.Row).Distinct().Count());
            (int Row, long Label)[] exemplars = [.. drawn.TakeWhile(r => r.Label != -1)];
            (int Row, long Label)[] negatives = [.. drawn.Skip(exemplars.Length)];

            Assert.All(exemplars, r => Assert.Equal(Labels[r.Row], r.Label));
            Assert.All(exemplars.GroupBy(r => r.Label), g => Assert.Equal(Math.Min(4, Labels.Count(l => l == g.Key)), g.Count()));
            Assert.All(negatives, r => Assert.Equal(-1, r.Label));
            Assert.Empty(negatives.Select(r => Labels[r.Row]).Intersect(exemplars.Select(r => r.Label)));
            Assert.Equal(20, negatives.Length);
            Assert.True(drawn.Length <= sampler.MaximumRows);
        }
    }

    [Fact]
    public void Next_MoreNegativesThanRowsLeft_GivesThoseThatThereAre()
    {
        IdentityBatchSampler sampler = new([1, 1, 2, 2, 3, -1], 2, 40, 100);

        (int Row, long Label)[] drawn = Draw(sampler);

        Assert.Equal([0, 1, 2, 3, 4, 5], drawn.Select(r => r.Row).Order());
        Assert.Equal([4, 5], drawn.Where(r => r.Label == -1).Select(r => r.Row).Order());
    }

    [Fact]
    public void Next_ManyBatches_DrawsExemplarsAndNegativesEvenly()
    {
        long[] labels = [.. Enumerable.Repeat(1L, 10), .. Enumerable.Repeat(2L, 10), .. Enumerable.Repeat(-1L, 10)];
        IdentityBatchSampler sampler = new(labels, 2, 5, 5, seed: 3);
        int[] counts = new int[30];

        for (int batch = 0; batch < 4000; batch++)
        {
            foreach ((int row, _) in Draw(sampler))
                counts[row]++;
        }

        // Each row is drawn with probability ½: mean 2000, standard deviation 32.
        Assert.All(counts, count => Assert.InRange(count, 1840, 2160));
    }

    [Fact]
    public void Next_Seed_FixesTheBatchesForever()
    {
        (int Row, long Label)[] first = Draw(new IdentityBatchSampler(Labels, 3, 2, 2, seed: 42));

        Assert.Equal(first, Draw(new IdentityBatchSampler(Labels, 3, 2, 2, seed: 42)));
        Assert.NotEqual(first, Draw(new IdentityBatchSampler(Labels, 3, 2, 2, seed: 43)));
        Assert.Equal(GoldenRows, first.Select(r => r.Row));
    }

    [Fact]
    public void Restore_AnyState_GoesOnExactly()
    {
        IdentityBatchSampler sampler = new(Labels, 5, 3, 4, seed: 9);
        for (int batch = 0; batch < 30; batch++)
        {
            IdentityBatchSamplerState state = sampler.State;
            IdentityBatchSampler other = new(Labels, 5, 3, 4, seed: 1);
            Draw(other);
            other.Restore(state);
            IdentityBatchSampler reference = new(Labels, 5, 3, 4, seed: 9);
            for (int i = 0; i < batch; i++)
                Draw(reference);

            (int Row, long Label)[] expected = Draw(sampler);

            Assert.Equal(expected, Draw(other));
            Assert.Equal(expected, Draw(reference));
            Assert.Equal(Draw(reference), Draw(other));
        }
    }

    [Fact]
    public void Restore_StateOfOtherSizes_Throws()
    {
        IdentityBatchSampler sampler = new(Labels, 5);
        IdentityBatchSamplerState state = sampler.State;

        Assert.Throws<ArgumentException>(() => sampler.Restore(state with { Cursor = 3 }));
        Assert.Throws<ArgumentException>(() => sampler.Restore(state with { Batch = -1 }));
        Assert.Throws<ArgumentException>(() => sampler.Restore(state with { Carried = default }));
        Assert.Throws<ArgumentException>(() => sampler.Restore(state with { Carried = [99] }));
    }

    [Fact]
    public void Next_SteadyState_AllocatesNothing()
    {
        IdentityBatchSampler sampler = new(Labels, 2, 4, 3);
        int[] rows = new int[sampler.MaximumRows];
        long[] labels = new long[sampler.MaximumRows];
        sampler.Next(rows, labels);
        GC.Collect();
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int batch = 0; batch < 5; batch++)
            sampler.Next(rows, labels);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Constructor_BadNumbers_AreNamed()
    {
        Assert.Contains("Only 12 identities", Assert.Throws<ArgumentOutOfRangeException>(() => new IdentityBatchSampler(Labels, 13)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new IdentityBatchSampler(Labels, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IdentityBatchSampler(Labels, 2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IdentityBatchSampler(Labels, 2, 2, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IdentityBatchSampler([], 1));
        IdentityBatchSampler sampler = new(Labels, 2);
        Assert.Throws<ArgumentException>(() => sampler.Next(new int[sampler.MaximumRows - 1], new long[sampler.MaximumRows]));
        Assert.Throws<ArgumentException>(() => sampler.Next(new int[sampler.MaximumRows], new long[sampler.MaximumRows - 1]));
    }

    private static readonly int[] GoldenRows = [10, 12, 48, 47, 72, 70, 27, 58];

    private static (int Row, long Label)[] Draw(IdentityBatchSampler sampler)
    {
        int[] rows = new int[sampler.MaximumRows];
        long[] labels = new long[sampler.MaximumRows];
        int count = sampler.Next(rows, labels);
        return [.. rows.Zip(labels).Take(count)];
    }
}
