using System.Runtime.CompilerServices;
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

        // README
        using var miner = new TripletMiner();
        var options = new MiningOptions { Rule = MiningRule.SemiHard, Margin = 0.2, Normalize = true };
        var triplets = new Triplet[miner.Capacity(MiningInput.Batch(embeddings, labels), options)];
        int count = miner.Mine(embeddings, labels, options, triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);
        foreach (Triplet t in triplets.AsSpan(0, count))
            Console.WriteLine($"{t.Anchor} {t.Positive} {t.Negative}: {t.PositiveDistance} < {t.NegativeDistance}");
        // README

        Assert.Equal(count, statistics.Selected);
        Assert.NotEqual(0, count);
        Assert.All(triplets[..count], t => Assert.True(t.PositiveDistance < t.NegativeDistance));
    }

    [Fact]
    public void Example_InTheReadme_IsTheCodeAbove()
    {
        string source = File.ReadAllText(SourcePath());
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", "..", "..", "README.md"));
        IEnumerable<string> lines = source.Split("        // README\n")[1].Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);
        Assert.All(lines, line => Assert.Contains(line, readme, StringComparison.Ordinal));
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
