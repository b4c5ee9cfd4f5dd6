using Tercet.Evaluation;
using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

/// <summary>What is counted over passing pairs is, to the bit, what sorting all distances gives.</summary>
public sealed class AllPairsTests
{
    private static readonly double[] Rates = [0, 1e-3, 0.01, 0.1, 0.37, 0.9, 1];

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean, false, 1)]
    [InlineData(DistanceMetric.SquaredEuclidean, true, 3)]
    [InlineData(DistanceMetric.Euclidean, false, 8)]
    [InlineData(DistanceMetric.Euclidean, true, 1)]
    [InlineData(DistanceMetric.Cosine, false, 3)]
    [InlineData(DistanceMetric.Cosine, true, 8)]
    public void Complete_RandomRows_EqualsSortedPairs(DistanceMetric metric, bool onGrid, int bands)
    {
        for (int seed = 0; seed < 6; seed++)
        {
            (float[,] rows, long[] labels) = TestSet.Random(40 + (seed * 37), 1 + (seed * 7), 3 + (seed * 4), seed, onGrid);
            for (int threshold = 0; threshold < 3; threshold++)
                AssertEqualsSorted(rows, labels, new EvaluationOptions { Metric = metric, FalseAcceptRates = Rates, Threshold = threshold * 0.4 }, bands);
        }
    }

    [Fact]
    public void Complete_NearDuplicatesFarFromTheOrigin_EqualsSortedPairs()
    {
        // Float32 keys of rows this far out are off by more than most of these distances.
        (float[,] rows, long[] labels) = TestSet.Random(90, 5, 20, seed: 3);
        for (int row = 0; row < 90; row++)
        {
            for (int column = 0; column < 5; column++)
                rows[row, column] = 3000 + (rows[row, column] * 0.01f);
        }

        AssertEqualsSorted(rows, labels, new EvaluationOptions { FalseAcceptRates = Rates, Threshold = 1e-5 }, bands: 2);
    }

    [Fact]
    public void Complete_AllRowsEqualOrOneFarOut_EqualsSortedPairs()
    {
        AssertEqualsSorted(new float[6, 2], [1, 1, 2, 2, 3, 3], new EvaluationOptions { FalseAcceptRates = Rates, Threshold = 0 }, bands: 2);
        AssertEqualsSorted(new float[,] { { 1e15f }, { 0 }, { 1 }, { 1 }, { 3 } }, [1, 1, 2, 2, 3], new EvaluationOptions { FalseAcceptRates = Rates, Threshold = -1 }, bands: 2);
        AssertEqualsSorted(new float[,] { { 0, 0 }, { 3, 4 }, { 3, 4 }, { 6, 8 } }, [1, 1, 2, 2], new EvaluationOptions { Metric = DistanceMetric.Cosine, FalseAcceptRates = Rates }, bands: 1);
    }

    [Fact]
    public void FromEmbeddings_MorePairsThanAreHeld_CountsThemAll()
    {
        (float[,] rows, long[] labels) = TestSet.Random(300, 4, 40, seed: 8);
        EvaluationReport held = EvaluationReport.FromEmbeddings(rows, labels, new EvaluationOptions { Threshold = 0.3 }, TestContext.Current.CancellationToken);
        EvaluationReport counted = EvaluationReport.FromEmbeddings(rows, labels, new EvaluationOptions { Threshold = 0.3, MaximumPairs = 500 }, TestContext.Current.CancellationToken);

        Assert.True(counted.Verification.IsSampled);
        Assert.Equal(held.Verification.ValidationAtFar, counted.Verification.ValidationAtFar);
        Assert.Equal(held.Verification.EqualErrorRate, counted.Verification.EqualErrorRate);
        Assert.Equal(held.Verification.AtThreshold, counted.Verification.AtThreshold);
        Assert.NotEqual(held.Verification.Auc, counted.Verification.Auc);
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Suggestions_RandomRows_AreThoseOfLeavingOutEachIdentity(DistanceMetric metric)
    {
        (float[,] rows, long[] labels) = TestSet.Random(160, 3, 30, seed: 4, onGrid: metric == DistanceMetric.Euclidean);
        EvaluationOptions options = new() { Metric = metric, WantedFalseAcceptRates = [0.2, 0.01], Confidence = 0.9 };
        EvaluationReport report = EvaluationReport.FromEmbeddings(rows, labels, options, TestContext.Current.CancellationToken);

        Assert.Equal([0.2, 0.01], report.Verification.Suggestions.Select(suggestion => suggestion.TargetFar));
        foreach (ThresholdSuggestion suggestion in report.Verification.Suggestions)
        {
            ValidationAtFar point = RocCurve.FromScores(PairScores.FromEmbeddings(rows, labels, metric))!.ValidationAt(suggestion.TargetFar);
            Assert.Equal((point.Threshold, point.Far, point.FalseAccepts, point.Validation), (suggestion.Threshold, suggestion.Far, suggestion.FalseAccepts, suggestion.Validation));
            AssertInterval(Expected(rows, labels, metric, point.Threshold, same: false), suggestion.FarInterval);
            AssertInterval(Expected(rows, labels, metric, point.Threshold, same: true), suggestion.ValidationInterval);
            Assert.InRange(suggestion.Threshold, suggestion.ThresholdInterval.Low, suggestion.ThresholdInterval.High);
            RocCurve curve = RocCurve.FromScores(PairScores.FromEmbeddings(rows, labels, metric))!;
            Assert.True(curve.At(suggestion.ThresholdInterval.Low * 0.999).FalseAcceptRate <= suggestion.FarInterval.Low);
            Assert.True(curve.At(suggestion.ThresholdInterval.High * 1.001).FalseAcceptRate >= suggestion.FarInterval.High);
        }
    }

    [Fact]
    public void Suggestions_TheTrueRate_IsCoveredAboutAsOftenAsPromised()
    {
        // Identities on a line: two draws of the same rate, the second large enough to stand for the truth.
        double[] truth = Distances(new Random(99), 1200);
        int covered = 0;
        for (int run = 0; run < 100; run++)
        {
            (float[,] rows, long[] labels) = Identities(new Random(run), 60);
            ThresholdSuggestion suggestion = EvaluationReport.FromEmbeddings(rows, labels, new EvaluationOptions { WantedFalseAcceptRates = [0.05] }, TestContext.Current.CancellationToken).Verification.Suggestions[0];
            double rate = (double)truth.Count(distance => distance <= suggestion.Threshold) / truth.Length;
            covered += rate >= suggestion.FarInterval.Low && rate <= suggestion.FarInterval.High ? 1 : 0;
        }

        Assert.InRange(covered, 85, 100);
    }

    [Fact]
    public void Suggestions_BadOptions_AreRefused()
    {
        float[,] rows = { { 0 }, { 1 }, { 2 } };
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.FromEmbeddings(rows, [1, 1, 2], new EvaluationOptions { WantedFalseAcceptRates = [1.5] }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.FromEmbeddings(rows, [1, 1, 2], new EvaluationOptions { Confidence = 1 }, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => EvaluationReport.FromEmbeddings(new float[,] { { 1e30f }, { 1 }, { 2 } }, [1, 1, 2], new EvaluationOptions { WantedFalseAcceptRates = [0.1] }, TestContext.Current.CancellationToken));
        Assert.Empty(EvaluationReport.FromEmbeddings(rows, [1, 2, 3], new EvaluationOptions { WantedFalseAcceptRates = [0.1] }, TestContext.Current.CancellationToken).Verification.Suggestions);
    }

    private static void AssertEqualsSorted(float[,] rows, long[] labels, EvaluationOptions options, int bands)
    {
        RowDistances distances = new(rows, labels, options.Metric);
        LabelGroups groups = new(labels);
        VerificationReport sorted = VerificationReport.FromScores(PairScores.Measure(distances, groups, PairScores.DefaultMaximumPairs, 0), options);
        VerificationReport counted = AllPairs.Complete(new VerificationReport(), distances, groups, options, bands, TestContext.Current.CancellationToken);

        Assert.Equal(sorted.ValidationAtFar, counted.ValidationAtFar);
        Assert.Equal(sorted.EqualErrorRate, counted.EqualErrorRate);
        Assert.Equal(sorted.AtThreshold, counted.AtThreshold);
    }

    private static void AssertInterval(ConfidenceInterval expected, ConfidenceInterval actual)
    {
        Assert.Equal(expected.Low, actual.Low, 1e-9);
        Assert.Equal(expected.High, actual.High, 1e-9);
    }

    // Each identity left out with all its pairs, each rate counted anew; z of 90 % from a table.
    private static ConfidenceInterval Expected(float[,] rows, long[] labels, DistanceMetric metric, double threshold, bool same)
    {
        List<double> rates = [];
        foreach (long left in labels.GroupBy(label => label).Where(group => !same || group.Count() > 1).Select(group => group.Key))
            rates.Add(Rate(left, out _));
        double rate = Rate(null, out long pairs), mean = rates.Average();
        ConfidenceInterval wilson = ConfidenceInterval.Wilson((long)Math.Round(rate * pairs), pairs, 0.9);
        if (rate is 0 or 1)
            return wilson;
        double error = Math.Sqrt((rates.Count - 1.0) / rates.Count * rates.Sum(each => (each - mean) * (each - mean)));
        double centre = Math.Log(rate / (1 - rate)), half = 1.6448536269514722 * error / (rate * (1 - rate));
        return new ConfidenceInterval(Math.Min(wilson.Low, 1 / (1 + Math.Exp(half - centre))), Math.Max(wilson.High, 1 / (1 + Math.Exp(-half - centre))));

        double Rate(long? without, out long all)
        {
            (long hits, all) = (0, 0);
            for (int i = 0; i < labels.Length; i++)
            {
                for (int j = i + 1; j < labels.Length; j++)
                {
                    if ((labels[i] == labels[j]) != same || labels[i] == without || labels[j] == without)
                        continue;
                    all++;
                    hits += RowDistances.Of(metric, TestSet.Key(rows, i, j, metric)) <= threshold ? 1 : 0;
                }
            }

            return (double)hits / all;
        }
    }

    private static (float[,] Rows, long[] Labels) Identities(Random random, int count)
    {
        float[,] rows = new float[count * 3, 2];
        long[] labels = new long[count * 3];
        for (int identity = 0; identity < count; identity++)
        {
            (double x, double y) = (random.NextDouble(), random.NextDouble());
            for (int i = identity * 3; i < (identity + 1) * 3; i++)
                (labels[i], rows[i, 0], rows[i, 1]) = (identity, (float)(x + (random.NextDouble() * 0.05)), (float)(y + (random.NextDouble() * 0.05)));
        }

        return (rows, labels);
    }

    private static double[] Distances(Random random, int count)
    {
        (float[,] rows, long[] labels) = Identities(random, count);
        return [.. from i in Enumerable.Range(0, count) from j in Enumerable.Range(i + 1, count - i - 1) select (double)RowDistances.Of(DistanceMetric.SquaredEuclidean, TestSet.Key(rows, i * 3, j * 3, DistanceMetric.SquaredEuclidean))];
    }
}
