using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

public sealed class FoldProtocolTests
{
    [Fact]
    public void Run_SeparablePairs_IsPerfectWithThresholdsInTheGap()
    {
        FoldAccuracy result = FoldProtocol.Run(Scores([.. Enumerable.Range(1, 20).Select(i => (float)i)], [.. Enumerable.Range(30, 40).Select(i => (float)i)]))!;

        Assert.Equal((10, 1.0, 0.0), (result.Folds, result.Mean, result.StandardDeviation));
        Assert.Equal(10, result.Thresholds.Count);
        Assert.All(result.Thresholds, t => Assert.InRange(t, 20, 29.99));
        Assert.Contains(25, result.Thresholds);
    }

    [Fact]
    public void Run_TwoPairsOfEachKindInTwoFolds_CanBeFollowedByHand()
    {
        // Each fold trains on one same and one different pair. Whatever the split, the fold's threshold is the middle between them.
        FoldAccuracy result = FoldProtocol.Run(Scores([1, 2], [5, 6]), 2)!;

        Assert.Equal(1, result.Mean);
        double[][] possible = [[3, 4], [3.5, 3.5]];
        Assert.Contains(possible, p => p.Order().SequenceEqual(result.Thresholds.Order()));
    }

    [Fact]
    public void Run_NothingWorthAccepting_RejectsAll()
    {
        FoldAccuracy result = FoldProtocol.Run(Scores([5, 5, 5], [1, 1, 1, 1, 1, 1, 1, 1, 1]), 3)!;

        Assert.All(result.Thresholds, t => Assert.Equal(RocCurve.RejectAll, t));
        Assert.Equal(0.75, result.Mean, 1e-15);
    }

    [Fact]
    public void Run_AllDistancesEqual_TakesThemTogether()
    {
        FoldAccuracy result = FoldProtocol.Run(Scores([1, 1, 1, 1, 1, 1], [1, 1]), 2)!;

        Assert.All(result.Thresholds, t => Assert.Equal(1, t));
        Assert.Equal(0.75, result.Mean, 1e-15);
    }

    [Fact]
    public void Run_RandomPairs_EachThresholdIsAsGoodAsAnyOnItsOtherFolds()
    {
        // Distances that are all distinct tell which fold a pair is in: with 2 folds, the pairs a threshold was chosen on are those of the other.
        Random random = new(3);
        float[] same = [.. Enumerable.Range(0, 50).Select(_ => (float)random.NextDouble())];
        float[] different = [.. Enumerable.Range(0, 70).Select(_ => (float)(random.NextDouble() + 0.4))];
        PairScores scores = Scores(same, different);

        FoldAccuracy result = FoldProtocol.Run(scores, 10, seed: 5)!;

        double bestOnAll = same.Concat(different).Append(-1).Max(t => (same.Count(s => s <= t) + different.Count(d => d > t)) / 120.0);
        Assert.InRange(result.Mean, bestOnAll - 0.1, bestOnAll);
        Assert.All(result.Thresholds, t => Assert.InRange((same.Count(s => s <= t) + different.Count(d => d > t)) / 120.0, bestOnAll - 0.03, bestOnAll));
        Assert.Equal(result.Accuracies.Average(), result.Mean, 1e-12);
        Assert.Equal(result.Accuracies, FoldProtocol.Run(scores, 10, seed: 5)!.Accuracies);
    }

    [Fact]
    public void Run_TooFewPairs_IsNull()
    {
        Assert.Null(FoldProtocol.Run(Scores([1], [2, 3]), 2));
        Assert.Null(FoldProtocol.Run(Scores([1, 2], []), 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => FoldProtocol.Run(Scores([1], [2]), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FoldProtocol.Run(Scores([1], [2]), 256));
    }

    [Fact]
    public void PairAccuracy_ByHand_WeighsAsItSays()
    {
        PairScores scores = Scores([1, 2], [2, 3, 4, 5, 6, 7]);

        Assert.Equal(new PairAccuracy(2, 7.0 / 8, (1 + (5.0 / 6)) / 2), PairAccuracy.At(scores, 2));
        Assert.Equal(new PairAccuracy(1, 1, 1), PairAccuracy.At(Scores([1], []), 1));
        Assert.Null(PairAccuracy.At(Scores([], []), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairAccuracy.At(scores, double.NaN));
    }

    private static PairScores Scores(float[] same, float[] different) => PairScores.FromDistances(same, different, DistanceMetric.Euclidean);
}
