using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

public sealed class TripletLossTests
{
    public static TheoryData<DistanceMetric, LossReduction> MetricsAndReductions
    {
        get
        {
            TheoryData<DistanceMetric, LossReduction> data = [];
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                foreach (LossReduction reduction in Enum.GetValues<LossReduction>())
                    data.Add(metric, reduction);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void Evaluate_RandomBatch_EqualsTheOracleAndCentralDifferences(DistanceMetric metric, LossReduction reduction)
    {
        const int Rows = 9, Columns = 7;
        Random random = new(5);
        float[,] x = new float[Rows, Columns];
        for (int i = 0; i < x.Length; i++)
            x[i / Columns, i % Columns] = (float)((random.NextDouble() * 2) - 1);
        Triplet[] triplets = [.. Enumerable.Range(0, 40).Select(_ => random.GetItems([0, 1, 2, 3, 4, 5, 6, 7], 3)).Select(r => new Triplet(r[0], r[1], r[2], 0, 0))];
        double[,] wide = Widen(x);
        float[,] gradient = new float[Rows, Columns];
        gradient.AsSpan2D().Fill(float.NaN);

        LossResult result = TripletLoss.Evaluate(x, triplets, metric, 0.3, reduction, gradient);

        (double value, int nonZero) = Oracle(wide, triplets, metric, 0.3, reduction);
        Assert.Equal(value, result.Value, 1e-12);
        Assert.Equal((40L, (long)nonZero), (result.Terms, result.NonZeroTerms));
        Assert.InRange(nonZero, 5, 39);
        const double Step = 1e-6;
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                double old = wide[row, column];
                wide[row, column] = old + Step;
                double above = Oracle(wide, triplets, metric, 0.3, reduction).Value;
                wide[row, column] = old - Step;
                double below = Oracle(wide, triplets, metric, 0.3, reduction).Value;
                wide[row, column] = old;
                double expected = (above - below) / (2 * Step);
                Assert.Equal(expected, gradient[row, column], 1e-6 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void EvaluateSoftMargin_RandomBatch_EqualsTheFormulaAndCentralDifferences(DistanceMetric metric, LossReduction reduction)
    {
        const int Rows = 6, Columns = 5;
        Random random = new(7);
        float[,] x = new float[Rows, Columns];
        for (int i = 0; i < x.Length; i++)
            x[i / Columns, i % Columns] = (float)((random.NextDouble() * 2) - 1);
        Triplet[] triplets = [.. Enumerable.Range(0, 20).Select(_ => random.GetItems([0, 1, 2, 3, 4, 5], 3)).Select(r => new Triplet(r[0], r[1], r[2], 0, 0))];
        double[,] wide = Widen(x);
        float[,] gradient = new float[Rows, Columns];

        LossResult result = TripletLoss.EvaluateSoftMargin(x, triplets, metric, reduction, gradient);

        Assert.Equal(Soft(wide), result.Value, 1e-12);
        Assert.Equal((20L, 20L), (result.Terms, result.NonZeroTerms));
        const double Step = 1e-6;
        for (int i = 0; i < x.Length; i++)
        {
            (int row, int column) = (i / Columns, i % Columns);
            double old = wide[row, column];
            wide[row, column] = old + Step;
            double above = Soft(wide);
            wide[row, column] = old - Step;
            double expected = (above - Soft(wide)) / (2 * Step);
            wide[row, column] = old;
            Assert.Equal(expected, gradient[row, column], 1e-6 * Math.Max(1, Math.Abs(expected)));
        }

        double Soft(double[,] rows)
        {
            double sum = triplets.Sum(t => Math.Log(1 + Math.Exp(Distance(rows, t.Anchor, t.Positive, metric) - Distance(rows, t.Anchor, t.Negative, metric))));
            return reduction == LossReduction.Sum ? sum : sum / triplets.Length;
        }
    }

    [Fact]
    public void EvaluateSoftMargin_HugeGaps_AreTheGapOrNothing()
    {
        float[,] x = { { 0 }, { 1000 }, { 1 } };

        Assert.Equal(999_999, TripletLoss.EvaluateSoftMargin(x, [new Triplet(0, 1, 2, 0, 0)], DistanceMetric.SquaredEuclidean, LossReduction.Sum, default).Value, 1e-6);
        Assert.Equal(new LossResult(0, 1, 0), TripletLoss.EvaluateSoftMargin(x, [new Triplet(0, 2, 1, 0, 0)], DistanceMetric.SquaredEuclidean, LossReduction.MeanNonZero, default));
    }

    [Fact]
    public void Evaluate_SquaredEuclideanByHand_GivesValueAndGradient()
    {
        float[,] x = { { 0, 0 }, { 2, 0 }, { 0, 1 } };
        float[,] gradient = new float[3, 2];

        LossResult result = TripletLoss.Evaluate(x, [new Triplet(0, 1, 2, 0, 0)], DistanceMetric.SquaredEuclidean, 0.5, LossReduction.Sum, gradient);

        Assert.Equal(new LossResult(3.5, 1, 1), result);
        Assert.Equal(new float[,] { { -4, 2 }, { 4, 0 }, { 0, -2 } }, gradient);
    }

    [Fact]
    public void Evaluate_MeanNonZero_DividesByTheTermsAboveZero()
    {
        float[,] x = { { 0 }, { 1 }, { 5 } };
        Triplet[] triplets = [new(0, 1, 2, 0, 0), new(0, 2, 1, 0, 0), new(0, 1, 1, 0, 0)];

        Assert.Equal(new LossResult(24, 3, 1), TripletLoss.Evaluate(x, triplets, DistanceMetric.SquaredEuclidean, 0, LossReduction.MeanNonZero, default));
        Assert.Equal(new LossResult(8, 3, 1), TripletLoss.Evaluate(x, triplets, DistanceMetric.SquaredEuclidean, 0, LossReduction.Mean, default));
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void Evaluate_NoTermsOrNoneAboveZero_IsZero(DistanceMetric metric, LossReduction reduction)
    {
        float[,] x = { { 1, 0 }, { 1, 0 }, { -1, 1 } };
        float[,] gradient = { { 9, 9 }, { 9, 9 }, { 9, 9 } };

        Assert.Equal(new LossResult(0, 0, 0), TripletLoss.Evaluate(x, [], metric, 0.1, reduction, default));
        Assert.Equal(new LossResult(0, 1, 0), TripletLoss.Evaluate(x, [new Triplet(0, 1, 2, 0, 0)], metric, 0.1, reduction, gradient));
        Assert.Equal(new float[3, 2], gradient);
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Evaluate_AllRowsEqual_HasNoGradient(DistanceMetric metric)
    {
        float[,] x = { { 3, 4 }, { 3, 4 }, { 3, 4 } };
        float[,] gradient = new float[3, 2];

        LossResult result = TripletLoss.Evaluate(x, [new Triplet(0, 1, 2, 0, 0)], metric, 0.25, LossReduction.Mean, gradient);

        Assert.Equal(0.25, result.Value, 1e-15);
        Assert.All(gradient.Cast<float>(), g => Assert.Equal(0, g, 1e-12));
    }

    [Fact]
    public void Evaluate_CosineOfAZeroRow_IsDistanceOneWithoutGradient()
    {
        float[,] x = { { 0, 0 }, { 1, 0 }, { 0, 1 } };
        float[,] gradient = new float[3, 2];

        LossResult result = TripletLoss.Evaluate(x, [new Triplet(0, 1, 2, 0, 0)], DistanceMetric.Cosine, 0.25, LossReduction.Sum, gradient);

        Assert.Equal(0.25, result.Value);
        Assert.Equal(new float[3, 2], gradient);
    }

    [Fact]
    public void Evaluate_BadArguments_AreNamed()
    {
        float[,] x = { { 0, 0 }, { 1, 0 } };
        Triplet[] good = [new(0, 1, 1, 0, 0)];

        Assert.Contains("Triplet 1 is (0, 1, 2)", Message(x, [good[0], new Triplet(0, 1, 2, 0, 0)], 0.1, x), StringComparison.Ordinal);
        Assert.Contains("Triplet 0 is (-1, 1, 0)", Message(x, [new Triplet(-1, 1, 0, 0, 0)], 0.1, x), StringComparison.Ordinal);
        Assert.Contains("[2, 1]", Message(x, good, 0.1, new float[2, 1]), StringComparison.Ordinal);
        Assert.Contains("margin", Message(x, good, -0.1, x), StringComparison.Ordinal);
        Assert.Contains("margin", Message(x, good, double.NaN, x), StringComparison.Ordinal);
        Assert.Contains("Row 1 holds NaN in column 1", Message(new[,] { { 0, 0 }, { 0, float.NaN } }, good, 0.1, x), StringComparison.Ordinal);
        Assert.Contains("[0, 2]", Message(new float[0, 2], [], 0.1, default), StringComparison.Ordinal);
    }

    private static string Message(float[,] x, Triplet[] triplets, double margin, float[,]? gradient) =>
        Assert.ThrowsAny<ArgumentException>(() => TripletLoss.Evaluate(x, triplets, DistanceMetric.Euclidean, margin, LossReduction.Sum, gradient)).Message;

    private static double[,] Widen(float[,] x)
    {
        double[,] wide = new double[x.GetLength(0), x.GetLength(1)];
        for (int row = 0; row < x.GetLength(0); row++)
        {
            for (int column = 0; column < x.GetLength(1); column++)
                wide[row, column] = x[row, column];
        }

        return wide;
    }

    private static (double Value, int NonZero) Oracle(double[,] x, Triplet[] triplets, DistanceMetric metric, double margin, LossReduction reduction)
    {
        double[] terms = [.. triplets.Select(t => Math.Max(0, Distance(x, t.Anchor, t.Positive, metric) - Distance(x, t.Anchor, t.Negative, metric) + margin))];
        int nonZero = terms.Count(term => term > 0);
        double value = reduction switch
        {
            LossReduction.Sum => terms.Sum(),
            LossReduction.Mean => terms.Sum() / terms.Length,
            _ => terms.Sum() / nonZero,
        };
        return (value, nonZero);
    }

    private static double Distance(double[,] x, int a, int b, DistanceMetric metric)
    {
        double squared = 0, dot = 0, aa = 0, bb = 0;
        for (int k = 0; k < x.GetLength(1); k++)
        {
            squared += (x[a, k] - x[b, k]) * (x[a, k] - x[b, k]);
            dot += x[a, k] * x[b, k];
            aa += x[a, k] * x[a, k];
            bb += x[b, k] * x[b, k];
        }

        return metric switch
        {
            DistanceMetric.SquaredEuclidean => squared,
            DistanceMetric.Euclidean => Math.Sqrt(squared),
            _ => 1 - (dot / Math.Sqrt(aa * bb)),
        };
    }
}
