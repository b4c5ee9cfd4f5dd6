using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Comparisons of what was mined with what the oracle says, anchor by anchor; every failure names the case.</summary>
internal static class Agreement
{
    /// <summary>The same triplets in the same order, and their distances rounded once.</summary>
    public static void Check(Oracle oracle, List<Triplet> expected, IReadOnlyList<Triplet> actual, string description, params double[] margins)
    {
        Check(oracle, [.. expected.Select(Indices)], [.. actual.Select(Indices)], description, margins);
        foreach (Triplet triplet in actual)
        {
            bool rounded = oracle.IsReported(triplet.Anchor, triplet.Positive, triplet.PositiveDistance) && oracle.IsReported(triplet.Anchor, triplet.Negative, triplet.NegativeDistance);
            if (!rounded)
                Assert.Fail($"{description}: {triplet} should carry {oracle[triplet.Anchor, triplet.Positive]:g9} and {oracle[triplet.Anchor, triplet.Negative]:g9}");
        }
    }

    /// <summary>The same pairs in the same order, and their distances rounded once.</summary>
    public static void Check(Oracle oracle, List<MinedPair> expected, IReadOnlyList<MinedPair> actual, string description, params double[] margins)
    {
        Check(oracle, [.. expected.Select(Indices)], [.. actual.Select(Indices)], description, margins);
        foreach (MinedPair pair in actual)
        {
            if (!oracle.IsReported(pair.Anchor, pair.Other, pair.Distance))
                Assert.Fail($"{description}: {pair} should carry {oracle[pair.Anchor, pair.Other]:g9}");
        }
    }

    /// <summary>The same counts, but for triplets on a border.</summary>
    public static void Check(Oracle oracle, TripletCounts expected, TripletCounts? actual, string description, double margin)
    {
        if (actual == expected)
            return;
        TripletCounts counted = actual ?? default;
        long moved = Math.Max(Math.Abs(counted.Hard - expected.Hard), Math.Max(Math.Abs(counted.SemiHard - expected.SemiHard), Math.Abs(counted.Easy - expected.Easy)));
        if (counted.Total != expected.Total || moved > oracle.OpenTriplets(margin))
            Assert.Fail($"{description}: counted {actual}, expected {expected}");
    }

    private static void Check(Oracle oracle, (int A, int P, int N)[] expected, (int A, int P, int N)[] actual, string description, double[] margins)
    {
        if (expected.AsSpan().SequenceEqual(actual))
            return;
        if (!actual.Select(each => each.A).SequenceEqual(actual.Select(each => each.A).Order()))
            Assert.Fail($"{description}: not in ascending order of anchor");
        for (int a = 0; a < oracle.AnchorRows; a++)
        {
            (int, int, int)[] wanted = [.. expected.Where(each => each.A == a)], got = [.. actual.Where(each => each.A == a)];
            if (!wanted.AsSpan().SequenceEqual(got) && !oracle.IsOpen(a, margins))
                Assert.Fail($"{description}: anchor {a} gave {Show(got)}, expected {Show(wanted)}");
        }
    }

    private static (int, int, int) Indices(Triplet triplet) => (triplet.Anchor, triplet.Positive, triplet.Negative);

    private static (int, int, int) Indices(MinedPair pair) => (pair.Anchor, pair.Other, pair.IsPositive ? 1 : 0);

    private static string Show((int, int, int)[] triplets) => $"[{string.Join(" ", triplets.Take(12))}{(triplets.Length > 12 ? " …" : string.Empty)}]";
}
