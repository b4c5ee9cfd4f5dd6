using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Tests.Readme;

/// <summary>The README's example is code that runs: the lines between the markers below stand in it word for word.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Example_RunOnARandomBatch_SelectsSemiHardTriplets()
    {
        var random = new Random(1);
        float[] rows = [.. Enumerable.Range(0, 12 * 4).Select(_ => random.NextSingle())];
        long[] labels = [.. Enumerable.Range(0, 12).Select(row => (long)row / 3)];
        var embeddings = new ReadOnlySpan2D<float>(rows, 12, 4);

        Triplet[] triplets = Example(embeddings, labels, out MiningStatistics statistics);

        Assert.Equal(triplets.Length, statistics.Selected);
        Assert.NotEmpty(triplets);
        Assert.All(triplets, t => Assert.True(t.PositiveDistance < t.NegativeDistance));
    }

    [Fact]
    public void Example_InTheReadme_IsTheCodeAbove()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Tercet.Tests", "Readme", "ReadmeTests.cs"));
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        IEnumerable<string> lines = source.Split("        // README\n")[1].Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);
        Assert.All(lines, line => Assert.Contains(line, readme, StringComparison.Ordinal));
    }

    private static Triplet[] Example(ReadOnlySpan2D<float> embeddings, long[] labels, out MiningStatistics found)
    {
        // README
        using var miner = new TripletMiner();
        var options = new MiningOptions { Rule = MiningRule.SemiHard, Margin = 0.2, Normalize = true };
        var triplets = new Triplet[miner.Capacity(MiningInput.Batch(embeddings, labels), options)];
        int count = miner.Mine(embeddings, labels, options, triplets, out MiningStatistics statistics);
        foreach (Triplet t in triplets.AsSpan(0, count))
            Console.WriteLine($"{t.Anchor} {t.Positive} {t.Negative}: {t.PositiveDistance} < {t.NegativeDistance}");
        // README
        found = statistics;
        return triplets[..count];
    }
}
