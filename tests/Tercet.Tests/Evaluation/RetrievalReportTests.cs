using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

public sealed class RetrievalReportTests
{
    [Fact]
    public void FromEmbeddings_OneLineByHand_GivesTheFigures()
    {
        // Positions 0 a, 1 b, 2 a, 4 a, 9 c. Query 0: b a a c, R = 2: right at 2 → RP ½, AP ½·½ = ¼. Query 2: b(1) then a0, a4 (both 2, lower row first): RP ½, AP ¼.
        // Query 4: a2 (2), b (3), a0: RP ½, AP ½·1 = ½. b and c have no other row: no queries.
        RetrievalReport report = RetrievalReport.FromEmbeddings(
            new float[,] { { 0 }, { 1 }, { 2 }, { 4 }, { 9 } },
            [1, 2, 1, 1, 3],
            new EvaluationOptions { RecallAt = [1, 2, 100], Metric = DistanceMetric.Euclidean }, TestContext.Current.CancellationToken);

        Assert.Equal(3, report.Queries);
        Assert.Equal(1.0 / 3, report.Rank1!.Value, 1e-15);
        Assert.Equal([new RecallAtK(1, 1.0 / 3), new RecallAtK(2, 1), new RecallAtK(100, 1)], report.RecallAt);
        Assert.Equal(0.5, report.RPrecision!.Value, 1e-15);
        Assert.Equal((0.25 + 0.25 + 0.5) / 3, report.MapAtR!.Value, 1e-15);
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean, true)]
    [InlineData(DistanceMetric.SquaredEuclidean, false)]
    [InlineData(DistanceMetric.Euclidean, true)]
    [InlineData(DistanceMetric.Cosine, false)]
    public void FromEmbeddings_RandomRows_EqualsBruteForce(DistanceMetric metric, bool onGrid)
    {
        (float[,] rows, long[] labels) = TestSet.Random(83, 3, 12, seed: 6, onGrid);
        AssertEqualsBruteForce(rows, labels, metric, [1, 3, 20]);
    }

    [Fact]
    public void FromEmbeddings_AnIdentityLargerThanTheSearchReaches_EqualsBruteForce()
    {
        (float[,] rows, long[] labels) = TestSet.Random(1100, 2, 4, seed: 7);
        for (int row = 0; row < 1100; row++)
            labels[row] = row < 1040 ? 1 : 2 + (row % 5);
        AssertEqualsBruteForce(rows, labels, DistanceMetric.SquaredEuclidean, [1, 7]);
    }

    [Fact]
    public void FromEmbeddings_NormsThatFloat32CannotSearch_EqualsBruteForce()
    {
        (float[,] rows, long[] labels) = TestSet.Random(30, 3, 5, seed: 9);
        for (int row = 0; row < 30; row++)
            rows[row, 0] *= 1e30f;
        AssertEqualsBruteForce(rows, labels, DistanceMetric.Euclidean, [1, 4]);
    }

    [Fact]
    public void FromEmbeddings_AllRowsEqual_RanksByRow()
    {
        RetrievalReport report = RetrievalReport.FromEmbeddings(new float[4, 2], [1, 2, 2, 1], new EvaluationOptions { RecallAt = [1, 2, 3] }, TestContext.Current.CancellationToken);

        // Query 0: 1 2 3 (right third); 1: 0 2 (second); 2: 0 1 (second); 3: 0 (first).
        Assert.Equal([new RecallAtK(1, 0.25), new RecallAtK(2, 0.75), new RecallAtK(3, 1)], report.RecallAt);
    }

    [Fact]
    public void FromEmbeddings_NoQueries_HasNoFigures()
    {
        RetrievalReport report = RetrievalReport.FromEmbeddings(new float[3, 2], [1, 2, 3], new EvaluationOptions(), TestContext.Current.CancellationToken);

        Assert.Equal(new RetrievalReport { RecallAt = report.RecallAt }, report);
        Assert.Empty(report.RecallAt);
        Assert.Throws<ArgumentOutOfRangeException>(() => RetrievalReport.FromEmbeddings(new float[1, 1], [1], new EvaluationOptions { RecallAt = [0] }, TestContext.Current.CancellationToken));
    }

    private static void AssertEqualsBruteForce(float[,] rows, long[] labels, DistanceMetric metric, int[] ks)
    {
        List<double> precision = [], average = [];
        List<bool[]> recalls = [];
        for (int q = 0; q < labels.Length; q++)
        {
            int r = labels.Count(l => l == labels[q]) - 1;
            if (r == 0)
                continue;
            bool[] right = [.. Enumerable.Range(0, labels.Length).Where(row => row != q).OrderBy(row => TestSet.Distance(rows, q, row, metric)).ThenBy(row => row).Select(row => labels[row] == labels[q])];
            precision.Add((double)right.Take(r).Count(x => x) / r);
            average.Add(Enumerable.Range(1, r).Sum(i => right[i - 1] ? (double)right.Take(i).Count(x => x) / i : 0) / r);
            recalls.Add([.. ks.Select(k => right.Take(k).Any(x => x))]);
        }

        RetrievalReport report = RetrievalReport.FromEmbeddings(rows, labels, new EvaluationOptions { Metric = metric, RecallAt = ks }, TestContext.Current.CancellationToken);

        Assert.Equal(recalls.Count, report.Queries);
        Assert.Equal(ks.Select((k, i) => new RecallAtK(k, (double)recalls.Count(x => x[i]) / recalls.Count)), report.RecallAt);
        Assert.Equal(precision.Average(), report.RPrecision!.Value, 1e-12);
        Assert.Equal(average.Average(), report.MapAtR!.Value, 1e-12);
    }
}
