using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

public sealed class PairScoresTests
{
    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void FromEmbeddings_RandomRows_EqualsBruteForce(DistanceMetric metric)
    {
        (float[,] rows, long[] labels) = TestSet.Random(31, 5, 4, seed: 2);
        List<float> same = [], different = [];
        for (int i = 0; i < 31; i++)
        {
            for (int j = i + 1; j < 31; j++)
                (labels[i] == labels[j] ? same : different).Add((float)TestSet.Distance(rows, i, j, metric));
        }

        PairScores scores = PairScores.FromEmbeddings(rows, labels, metric);

        Assert.Equal(same.Order(), scores.Same.ToArray(), TestSet.Close);
        Assert.Equal(different.Order(), scores.Different.ToArray(), TestSet.Close);
        Assert.Equal((same.Count, different.Count, false, metric), ((int)scores.SamePairs, (int)scores.DifferentPairs, scores.IsSampled, scores.Metric));
    }

    [Fact]
    public void FromEmbeddings_CosineOfZeroAndEqualRows_IsOneAndZero()
    {
        PairScores scores = PairScores.FromEmbeddings(new float[,] { { 0, 0 }, { 0, 0 }, { 3, 4 }, { 3, 4 } }, [1, 1, 2, 2], DistanceMetric.Cosine);

        Assert.Equal([0, 1], scores.Same.ToArray());
        Assert.Equal([1, 1, 1, 1], scores.Different.ToArray());
    }

    [Fact]
    public void FromEmbeddings_HugeComponents_StayFinite()
    {
        PairScores scores = PairScores.FromEmbeddings(new float[,] { { float.MaxValue }, { -float.MaxValue } }, [1, 2], DistanceMetric.SquaredEuclidean);

        Assert.Equal([float.MaxValue], scores.Different.ToArray());
    }

    [Fact]
    public void FromEmbeddings_MorePairsThanTheLimit_SamplesEvenlyAndRepeatably()
    {
        (float[,] rows, long[] labels) = TestSet.Random(300, 4, 6, seed: 8);
        PairScores all = PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean);

        PairScores sample = PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean, 8000, seed: 1);

        Assert.True(sample.IsSampled);
        Assert.Equal((all.SamePairs, all.DifferentPairs), (sample.SamePairs, sample.DifferentPairs));
        Assert.Equal((4000, 4000), (sample.Same.Length, sample.Different.Length));
        Assert.Equal(RocCurve.FromScores(all)!.Auc, RocCurve.FromScores(sample)!.Auc, 0.02);
        Assert.Equal(all.Same.ToArray().Average(), sample.Same.ToArray().Average(), 0.05);
        Assert.Equal(all.Different.ToArray().Average(), sample.Different.ToArray().Average(), 0.05);
        Assert.Equal(sample.Different.ToArray(), PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean, 8000, seed: 1).Different.ToArray());
        Assert.NotEqual(sample.Different.ToArray(), PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean, 8000, seed: 2).Different.ToArray());
    }

    [Fact]
    public void FromEmbeddings_AKindThatFits_IsTakenWhole()
    {
        (float[,] rows, long[] labels) = TestSet.Random(60, 4, 30, seed: 8);
        PairScores all = PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean);
        PairScores fewSame = PairScores.FromEmbeddings(rows, labels, DistanceMetric.Euclidean, 400);
        long[] oneOdd = [.. Enumerable.Repeat(1L, 59), 2];
        PairScores fewDifferent = PairScores.FromEmbeddings(rows, oneOdd, DistanceMetric.Euclidean, 400);

        Assert.Equal(all.Same.ToArray(), fewSame.Same.ToArray());
        Assert.Equal(400, fewSame.Same.Length + fewSame.Different.Length);
        Assert.Equal(PairScores.FromEmbeddings(rows, oneOdd, DistanceMetric.Euclidean).Different.ToArray(), fewDifferent.Different.ToArray());
        Assert.Equal((59, 341), (fewDifferent.Different.Length, fewDifferent.Same.Length));
        Assert.All(fewSame.Different.ToArray(), d => Assert.True(all.Different.BinarySearch(d) >= 0));
        Assert.All(fewDifferent.Same.ToArray(), d => Assert.True(d > 0));
    }

    [Fact]
    public void FromEmbeddings_BadInput_IsNamed()
    {
        Assert.Contains("Row 1 holds NaN in column 0", Message(new float[,] { { 0 }, { float.NaN } }, [1, 2]), StringComparison.Ordinal);
        Assert.Contains("Row 0 holds Infinity in column 0", Message(new float[,] { { float.PositiveInfinity }, { 0 } }, [1, 2]), StringComparison.Ordinal);
        Assert.Contains("1 labels for 2 rows", Message(new float[,] { { 0 }, { 0 } }, [1]), StringComparison.Ordinal);
        Assert.Contains("[0, 3]", Message(new float[0, 3], []), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PairScores.FromDistances([float.NaN], [], DistanceMetric.Cosine));
        Assert.Throws<ArgumentException>(() => PairScores.FromDistances([], [-1], DistanceMetric.Cosine));
    }

    private static string Message(float[,] rows, long[] labels) =>
        Assert.ThrowsAny<ArgumentException>(() => PairScores.FromEmbeddings(rows, labels, DistanceMetric.Cosine)).Message;
}
