using Tercet.Backends.Cuda;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>The loss over all triplets and its gradient from the simulated kernels, against three loops in float64.</summary>
public sealed class CudaLossTests
{
    public static TheoryData<DistanceMetric, int> MetricsAndSchedules => CudaAgreementTests.MetricsAndSchedules;

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void BatchAllLoss_OverTheGrid_EqualsThreeLoops(DistanceMetric metric, int schedule)
    {
        SimulatedDriver driver = new() { Schedule = schedule };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        foreach (RowKind kind in new[] { RowKind.Normal, RowKind.UnitSphere, RowKind.Clustered, RowKind.FarFromOrigin })
        {
            MiningCase each = MiningCase.Square(kind, LabelKind.NegativeOnly, 41, 23, seed: (10 * (int)kind) + schedule);
            foreach (double margin in new[] { 0, 0.2, 5 })
                Check(owned, each, new MiningOptions { Metric = metric, Margin = margin, NegativeOnlyLabel = each.NegativeOnlyLabel }, (LossReduction)schedule);
        }

        Assert.Contains("loss_sums", driver.Launched);
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Large, RowKind.UnitSphere, 0.1)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Few, RowKind.Lattice, 0)]
    [InlineData(DistanceMetric.SquaredEuclidean, LabelKind.Few, RowKind.Normal, 1e12)]
    [InlineData(DistanceMetric.Euclidean, LabelKind.Uneven, RowKind.Clustered, 0.2)]
    [InlineData(DistanceMetric.Cosine, LabelKind.Large, RowKind.Clustered, 0.2)]
    public void BatchAllLoss_InChunksOfAnySize_EqualsThreeLoopsByTheSameBits(DistanceMetric metric, LabelKind labels, RowKind kind, double margin)
    {
        MiningCase each = MiningCase.Square(kind, labels, 261, 9, seed: 5);
        MiningOptions options = new() { Metric = metric, Margin = margin, NegativeOnlyLabel = each.NegativeOnlyLabel };
        using OwnedMiner small = new(SimulatedDriver.NewBackend(new SimulatedDriver(), keyBudget: 1)), large = new(SimulatedDriver.NewBackend(new SimulatedDriver { Schedule = 2 }));

        (LossResult loss, float[,] gradient) = Check(small, each, options, LossReduction.MeanNonZero);

        float[,] atOnce = new float[261, 9];
        Assert.Equal(loss, large.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.MeanNonZero, atOnce, TestContext.Current.CancellationToken));
        Assert.Equal(gradient.Cast<float>(), atOnce.Cast<float>());
        Assert.Equal(loss, large.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.MeanNonZero, default, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void BatchAllLoss_CoincidingAndZeroRows_StaysFinite(DistanceMetric metric)
    {
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver()));
        float[,] gradient = new float[6, 2];
        MiningCase each = MiningCase.Of(new float[,] { { 1, 2 }, { 1, 2 }, { 1, 2 }, { 0, 0 }, { 0, 0 }, { 3, 1 } }, 0, 0, 1, 1, 2, 2);

        LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, new MiningOptions { Metric = metric }, LossReduction.Sum, gradient, TestContext.Current.CancellationToken);

        double[,] rows = LossAgreement.Widen(each.Anchors);
        double[,] expected = LossOracle.Gradient(rows, each, metric, 0.2, LossReduction.Sum);
        LossAgreement.Check(LossOracle.Value(rows, each, metric, 0.2, LossReduction.Sum), loss, each, metric, LossReduction.Sum);
        for (int i = 0; i < 6; i++)
        {
            for (int k = 0; k < 2; k++)
                Assert.Equal(expected[i, k], gradient[i, k], 1e-5);
        }
    }

    [Fact]
    public void BatchAllLoss_NoValidTriplet_IsZeroWithZeroGradient()
    {
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver()));
        foreach (LabelKind labels in new[] { LabelKind.One, LabelKind.Distinct })
        {
            MiningCase each = MiningCase.Square(RowKind.Normal, labels, 7, 3, seed: 1);
            float[,] gradient = new float[7, 3];
            gradient[2, 1] = float.NaN;

            Assert.Equal(new LossResult(0, 0, 0), owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, new MiningOptions(), LossReduction.Mean, gradient, TestContext.Current.CancellationToken));
            Assert.All(gradient.Cast<float>(), value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void BatchAllLoss_SteadyState_AllocatesNothingOnEitherSide()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 40, 5, seed: 1);
        MiningOptions options = new();
        float[,] gradient = new float[40, 5];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.Sum, gradient, cancellation);
        (long bytes, int live) = (driver.DeviceBytes, driver.Live);

        long allocated = AllocationTests.LeastAllocated(() => miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.Sum, gradient, cancellation));

        Assert.Equal(0, allocated);
        Assert.Equal((bytes, live), (driver.DeviceBytes, driver.Live));
    }

    [Fact]
    public void BatchAllLoss_ManyRows_HoldsNoMatrixOfDistances()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver, keyBudget: 1);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 640, 1, seed: 1);

        miner.BatchAllLoss(each.Anchors, each.AnchorLabels, new MiningOptions(), LossReduction.Sum, new float[640, 1], TestContext.Current.CancellationToken);

        // One panel of columns at a time: a fifth of a matrix, and rows, sums and sums of a segment padded to 128 dimensions.
        Assert.InRange(driver.DeviceBytes, 1, (((3 * 640) + 128) * 128 * sizeof(float) * 5 / 4) + (640 * 400));
        Assert.InRange(driver.BytesToHost, 640 * 20, 640 * 28);
    }

    [Fact]
    public void BatchAllLoss_LittleDeviceMemory_TakesSmallerChunks()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 500, 4, seed: 1);
        int refused = 0;
        driver.Fail = (name, bytes) => name == "AllocateDevice" && bytes > 512 * 128 * 2 * sizeof(float) && ++refused > 0 ? new CudaException("planned", CudaException.OutOfMemory) : null;

        Check(owned, each, new MiningOptions(), LossReduction.Sum);

        Assert.InRange(refused, 1, int.MaxValue);
    }

    private static (LossResult Loss, float[,] Gradient) Check(OwnedMiner owned, MiningCase each, MiningOptions options, LossReduction reduction)
    {
        double[,] rows = LossAgreement.Widen(each.Anchors);
        float[,] gradient = new float[each.N, each.D];

        LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, reduction, gradient, TestContext.Current.CancellationToken);

        LossAgreement.Check(LossOracle.Value(rows, each, options.Metric, options.Margin, reduction), loss, each, options.Metric, reduction);
        LossAgreement.Check(LossOracle.Gradient(rows, each, options.Metric, options.Margin, reduction), gradient, $"{each}; {options}");
        return (loss, gradient);
    }
}
