using Tercet.Mining;

namespace Tercet.Tests.Mining;

public sealed class SplitMix64Tests
{
    [Fact]
    public void Next_PublishedSeed_GivesThePublishedSequence()
    {
        SplitMix64 random = new(1234567);

        Assert.Equal(new ulong[] { 6457827717110365317, 3203168211198807973, 9817491932198370423 }, new[] { random.Next(), random.Next(), random.Next() });
    }

    [Fact]
    public void Next_Bound_IsReachedEvenlyAndNeverExceeded()
    {
        SplitMix64 random = new(1, 2, 3);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.Next(7)]++;

        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500));
    }
}
