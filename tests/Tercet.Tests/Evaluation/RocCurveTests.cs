using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

public sealed class RocCurveTests
{
    [Fact]
    public void Auc_ByHand_CountsTiesHalf()
    {
        // 9 combinations: same < different in 1<2, 1<2, 1<3, 2<3, 2.5<3 (5), equal in 2=2 twice (1): 6 of 9.
        RocCurve curve = Curve([1, 2, 2.5f], [2, 2, 3]);

        Assert.Equal(6.0 / 9, curve.Auc, 1e-15);
    }

    [Fact]
    public void AucAndEer_AtTheExtremes_AreExact()
    {
        Assert.Equal((1.0, 0.0), (Curve([1, 2], [3, 4]).Auc, Curve([1, 2], [3, 4]).EqualErrorRate.Rate));
        Assert.Equal((0.0, 1.0), (Curve([3, 4], [1, 2]).Auc, Curve([3, 4], [1, 2]).EqualErrorRate.Rate));
        Assert.Equal((0.5, 0.5), (Curve([1, 1], [1, 1, 1]).Auc, Curve([1, 1], [1, 1, 1]).EqualErrorRate.Rate));
    }

    [Fact]
    public void EqualErrorRate_ByHand_LiesBetweenTheNeighbouringPoints()
    {
        // (FAR, FRR): (0, 1) (0, ⅔) at 1, (½, ⅔) at 2, (½, ⅓) at 3: from ⅔ − ½ to ⅓ − ½ the crossing is half-way, at FAR ½.
        EqualErrorRate error = Curve([1, 3, 5], [2, 4]).EqualErrorRate;

        Assert.Equal(0.5, error.Rate, 1e-15);
        Assert.Equal(3, error.Threshold);
    }

    [Fact]
    public void ValidationAt_ByHand_TakesTheLargestThresholdThatKeepsTheRate()
    {
        RocCurve curve = Curve([1, 2, 3, 4, 7], [3, 5, 5, 8]);

        Assert.Equal(new ValidationAtFar(0, 0, 0, 0.4, 2), curve.ValidationAt(0));
        Assert.Equal(new ValidationAtFar(0.25, 0.25, 1, 0.8, 4), curve.ValidationAt(0.25));
        Assert.Equal(new ValidationAtFar(0.5, 0.25, 1, 0.8, 4), curve.ValidationAt(0.5));
        Assert.Equal(new ValidationAtFar(0.75, 0.75, 3, 1, 7), curve.ValidationAt(0.75));
        Assert.Equal(new ValidationAtFar(1, 1, 4, 1, 8), curve.ValidationAt(1));
    }

    [Fact]
    public void ValidationAt_NothingMayBeAccepted_RejectsAll() =>
        Assert.Equal(new ValidationAtFar(0.1, 0, 0, 0, RocCurve.RejectAll), Curve([1, 2], [0, 0]).ValidationAt(0.1));

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void ValidationAt_NoRate_Throws(double far) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Curve([1], [2]).ValidationAt(far));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Everything_RandomWithTies_EqualsBruteForce(int seed)
    {
        Random random = new(seed);
        float[] same = [.. Enumerable.Range(0, 60).Select(_ => random.Next(0, 25) / 8f)];
        float[] different = [.. Enumerable.Range(0, 90).Select(_ => random.Next(10, 40) / 8f)];
        RocCurve curve = Curve(same, different);

        double auc = same.Average(s => different.Average(d => s < d ? 1.0 : s == d ? 0.5 : 0));
        Assert.Equal(auc, curve.Auc, 1e-12);
        float[] thresholds = [-1, .. same.Concat(different).Distinct().Order()];
        foreach (double target in (double[])[0, 0.001, 0.1, 1.0 / 3, 0.3, 0.7, 0.9, 1])
        {
            float best = thresholds.Last(t => different.Count(d => d <= t) / 90.0 <= target);
            ValidationAtFar found = curve.ValidationAt(target);
            Assert.Equal(best, found.Threshold);
            Assert.Equal(same.Count(s => s <= best) / 60.0, found.Validation);
            Assert.Equal(different.Count(d => d <= best), found.FalseAccepts);
        }

        RocPoint[] points = curve.Points(20);
        Assert.InRange(points.Length, 10, 20);
        Assert.Equal((0.0, 0.0, 1.0, 1.0), (points[0].FalseAcceptRate, points[0].ValidationRate, points[^1].FalseAcceptRate, points[^1].ValidationRate));
        Assert.All(points, p => Assert.Equal(same.Count(s => s <= p.Threshold) / 60.0, p.ValidationRate));
        Assert.All(points.Zip(points.Skip(1)), p => Assert.True(p.First.Threshold < p.Second.Threshold && p.First.FalseAcceptRate <= p.Second.FalseAcceptRate));
    }

    [Fact]
    public void FromScores_OneKindMissing_IsNull()
    {
        Assert.Null(RocCurve.FromScores(PairScores.FromDistances([], [1], DistanceMetric.Cosine)));
        Assert.Null(RocCurve.FromScores(PairScores.FromDistances([1], [], DistanceMetric.Cosine)));
    }

    private static RocCurve Curve(float[] same, float[] different) =>
        RocCurve.FromScores(PairScores.FromDistances(same, different, DistanceMetric.SquaredEuclidean))!;
}
