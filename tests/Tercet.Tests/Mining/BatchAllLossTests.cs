using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>The loss over all valid triplets and its gradient, against three loops and central differences in float64.</summary>
public sealed class BatchAllLossTests
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
    public void BatchAllLoss_SmallBatches_EqualsCentralDifferences(DistanceMetric metric, LossReduction reduction)
    {
        const double Step = 1e-6;
        foreach (CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            foreach ((int n, int d, LabelKind labels) in new[] { (9, 3, LabelKind.Large), (13, 4, LabelKind.NegativeOnly), (12, 1, LabelKind.Few) })
            {
                MiningCase each = MiningCase.Square(RowKind.Normal, labels, n, d, seed: n);
                MiningOptions options = new() { Metric = metric, Margin = 0.3, NegativeOnlyLabel = each.NegativeOnlyLabel };
                double[,] rows = LossAgreement.Widen(each.Anchors);
                float[,] gradient = new float[n, d];

                LossResult actual = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, reduction, gradient, TestContext.Current.CancellationToken);

                LossResult expected = LossOracle.Value(rows, each, metric, 0.3, reduction);
                Assert.NotEqual(0, expected.NonZeroTerms);
                LossAgreement.Check(expected, actual, each, metric, reduction);
                for (int i = 0; i < n; i++)
                {
                    for (int k = 0; k < d; k++)
                    {
                        double old = rows[i, k];
                        rows[i, k] = old + Step;
                        double above = LossOracle.Value(rows, each, metric, 0.3, reduction).Value;
                        rows[i, k] = old - Step;
                        double below = LossOracle.Value(rows, each, metric, 0.3, reduction).Value;
                        rows[i, k] = old;
                        Assert.Equal((above - below) / (2 * Step), gradient[i, k], 1e-5 * Math.Max(1, expected.Value));
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void BatchAllLoss_OverTheGrid_EqualsThreeLoops(DistanceMetric metric, LossReduction reduction)
    {
        foreach (CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            foreach (RowKind kind in new[] { RowKind.Normal, RowKind.UnitSphere, RowKind.Clustered, RowKind.FarFromOrigin })
            {
                MiningCase each = MiningCase.Square(kind, LabelKind.NegativeOnly, 41, 23, seed: (int)kind + (int)lanes);
                foreach (double margin in new[] { 0, 0.2, 5 })
                {
                    MiningOptions options = new() { Metric = metric, Margin = margin, NegativeOnlyLabel = each.NegativeOnlyLabel, Threads = 2 };
                    double[,] rows = LossAgreement.Widen(each.Anchors);
                    double[,] expected = LossOracle.Gradient(rows, each, metric, margin, reduction);
                    float[,] gradient = new float[41, 23];

                    LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, reduction, gradient, TestContext.Current.CancellationToken);

                    LossAgreement.Check(LossOracle.Value(rows, each, metric, margin, reduction), loss, each, metric, reduction);

                    // Far from the origin too, where the terms are a hundred thousand times their sum: what they have in common is taken off first.
                    double largest = expected.Cast<double>().Max(Math.Abs);
                    for (int i = 0; i < 41; i++)
                    {
                        for (int k = 0; k < 23; k++)
                        {
                            Assert.True(Math.Abs(expected[i, k] - gradient[i, k]) <= 2e-6 * largest, $"{each}, {lanes}, {options}: gradient [{i}, {k}] is {gradient[i, k]:g9}, expected {expected[i, k]:g9}");
                        }
                    }
                }
            }
        }
    }

    // Many groups of rows, the last one ragged, and with large labels more thresholds than one table holds; with distant labels blocks without a weight.
    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Few, RowKind.Normal, 0.2)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Large, RowKind.UnitSphere, 0.1)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.NegativeOnly, RowKind.Clustered, 0.2)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Large, RowKind.Lattice, 0)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Few, RowKind.Normal, 1e12)]
    [InlineData(DistanceMetric.Euclidean, LabelKind.Large, RowKind.Clustered, 0.2)]
    [InlineData(DistanceMetric.Euclidean, LabelKind.NegativeOnly, RowKind.Normal, 0)]
    [InlineData(DistanceMetric.Cosine, LabelKind.Large, RowKind.Clustered, 0.2)]
    [InlineData(DistanceMetric.Cosine, LabelKind.NegativeOnly, RowKind.Normal, 0.01)]
    public void BatchAllLoss_ManyGroups_EqualsThreeLoopsWithAnyNumberOfThreads(DistanceMetric metric, LabelKind labels, RowKind kind, double margin)
    {
        const int N = 261, D = 70;
        MiningCase each = MiningCase.Square(kind, labels, N, D, seed: 5);
        double[,] rows = LossAgreement.Widen(each.Anchors);
        double[,] expected = LossOracle.Gradient(rows, each, metric, margin, LossReduction.MeanNonZero);
        LossResult expectedLoss = LossOracle.Value(rows, each, metric, margin, LossReduction.MeanNonZero);
        double largest = expected.Cast<double>().Max(Math.Abs);
        foreach (CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            MiningOptions options = new() { Metric = metric, Margin = margin, NegativeOnlyLabel = each.NegativeOnlyLabel, Threads = 1 };
            float[,] gradient = new float[N, D], together = new float[N, D];

            LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.MeanNonZero, gradient, TestContext.Current.CancellationToken);
            LossResult value = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.MeanNonZero, default, TestContext.Current.CancellationToken);
            LossResult lossTogether = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options with { Threads = 3 }, LossReduction.MeanNonZero, together, TestContext.Current.CancellationToken);

            LossAgreement.Check(expectedLoss, loss, each, metric, LossReduction.MeanNonZero);
            Assert.Equal(loss, value);
            Assert.Equal(loss, lossTogether);
            Assert.Equal(gradient.Cast<float>(), together.Cast<float>());
            for (int i = 0; i < N; i++)
            {
                for (int k = 0; k < D; k++)
                    Assert.True(Math.Abs(expected[i, k] - gradient[i, k]) <= 2e-6 * largest, $"{each}, {lanes}, {options}: gradient [{i}, {k}] is {gradient[i, k]:g9}, expected {expected[i, k]:g9}");
            }
        }
    }

    // So many rows that a group is more than one block, and the last group's last block is ragged.
    [Fact]
    public void BatchAllLoss_GroupsOfSeveralBlocks_EqualsThreeLoopsWithAnyNumberOfThreads()
    {
        const int N = 3001, D = 2;
        Random random = new(11);
        float[,] embeddings = new float[N, D];
        long[] labels = new long[N];
        for (int i = 0; i < N; i++)
        {
            (embeddings[i, 0], embeddings[i, 1]) = (random.NextSingle(), random.NextSingle());
            labels[i] = random.Next(N / 3);
        }

        MiningCase each = MiningCase.Of(embeddings, labels);
        double[,] rows = LossAgreement.Widen(embeddings);
        double[,] expected = LossOracle.Gradient(rows, each, DistanceMetric.SquaredEuclidean, 0.01, LossReduction.Mean);
        LossResult expectedLoss = LossOracle.Value(rows, each, DistanceMetric.SquaredEuclidean, 0.01, LossReduction.Mean);
        double largest = expected.Cast<double>().Max(Math.Abs);
        foreach (CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            MiningOptions options = new() { Margin = 0.01, Threads = 1 };
            float[,] gradient = new float[N, D], together = new float[N, D];

            LossResult loss = owned.Miner.BatchAllLoss(embeddings, labels, options, LossReduction.Mean, gradient, TestContext.Current.CancellationToken);
            LossResult lossTogether = owned.Miner.BatchAllLoss(embeddings, labels, options with { Threads = 3 }, LossReduction.Mean, together, TestContext.Current.CancellationToken);

            LossAgreement.Check(expectedLoss, loss, each, DistanceMetric.SquaredEuclidean, LossReduction.Mean);
            Assert.Equal(loss, lossTogether);
            Assert.Equal(gradient.Cast<float>(), together.Cast<float>());
            for (int i = 0; i < N; i++)
            {
                for (int k = 0; k < D; k++)
                    Assert.True(Math.Abs(expected[i, k] - gradient[i, k]) <= 2e-6 * largest, $"{lanes}: gradient [{i}, {k}] is {gradient[i, k]:g9}, expected {expected[i, k]:g9}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void BatchAllLoss_CoincidingAndZeroRows_StaysFinite(DistanceMetric metric, LossReduction reduction)
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        float[,] gradient = new float[6, 2];
        MiningCase each = MiningCase.Of(new float[,] { { 1, 2 }, { 1, 2 }, { 1, 2 }, { 0, 0 }, { 0, 0 }, { 3, 1 } }, 0, 0, 1, 1, 2, 2);

        LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, new MiningOptions { Metric = metric }, reduction, gradient, TestContext.Current.CancellationToken);

        double[,] rows = LossAgreement.Widen(each.Anchors);
        double[,] expected = LossOracle.Gradient(rows, each, metric, 0.2, reduction);
        LossAgreement.Check(LossOracle.Value(rows, each, metric, 0.2, reduction), loss, each, metric, reduction);
        for (int i = 0; i < 6; i++)
        {
            for (int k = 0; k < 2; k++)
                Assert.Equal(expected[i, k], gradient[i, k], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(MetricsAndReductions))]
    public void BatchAllLoss_NoValidTriplet_IsZeroWithZeroGradient(DistanceMetric metric, LossReduction reduction)
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        foreach (LabelKind labels in new[] { LabelKind.One, LabelKind.Distinct })
        {
            MiningCase each = MiningCase.Square(RowKind.Normal, labels, 7, 3, seed: 1);
            float[,] gradient = new float[7, 3];
            gradient[2, 1] = float.NaN;

            Assert.Equal(new LossResult(0, 0, 0), owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, new MiningOptions { Metric = metric }, reduction, gradient, TestContext.Current.CancellationToken));
            Assert.All(gradient.Cast<float>(), value => Assert.Equal(0, value));
        }
    }
}
