using System.Runtime.CompilerServices;
using Tercet.Backends;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>Planning, packing and decoding: what needs no device.</summary>
public sealed class CudaPlanTests
{
    [Fact]
    public void Arguments_EveryStruct_HasTheSizeThatTheKernelsTake()
    {
        SimulatedDriver.SkipUnlessBuilt();
        foreach (string metric in new[] { "squared_euclidean", "cosine" })
        {
            Assert.Equal(Unsafe.SizeOf<PrepareArguments>(), SimulatedDriver.ParameterBytes("prepare_" + metric));
            Assert.Equal(Unsafe.SizeOf<PrepareHalvesArguments>(), SimulatedDriver.ParameterBytes("prepare_halves_" + metric));
            Assert.Equal(Unsafe.SizeOf<ExtremesArguments>(), SimulatedDriver.ParameterBytes("extremes_" + metric));
            Assert.Equal(Unsafe.SizeOf<ExtremesArguments>(), SimulatedDriver.ParameterBytes("extremes_mma_" + metric));
            Assert.Equal(Unsafe.SizeOf<ExtremesArguments>(), SimulatedDriver.ParameterBytes("decide_" + metric));
            Assert.Equal(Unsafe.SizeOf<ExtremesArguments>(), SimulatedDriver.ParameterBytes("rescan_" + metric));
            Assert.Equal(Unsafe.SizeOf<PositivesArguments>(), SimulatedDriver.ParameterBytes("positives_" + metric));
            Assert.Equal(Unsafe.SizeOf<SemiHardArguments>(), SimulatedDriver.ParameterBytes("semi_hard_" + metric));
            Assert.Equal(Unsafe.SizeOf<SemiHardArguments>(), SimulatedDriver.ParameterBytes("semi_hard_mma_" + metric));
            Assert.Equal(Unsafe.SizeOf<SemiHardArguments>(), SimulatedDriver.ParameterBytes("semi_hard_decide_" + metric));
            foreach (string kernel in new[] { "mean", "centre", "weights", "finish" })
                Assert.Equal(Unsafe.SizeOf<LossArguments>(), SimulatedDriver.ParameterBytes($"loss_{kernel}_{metric}"));
            Assert.Equal(Unsafe.SizeOf<KeyRowsArguments>(), SimulatedDriver.ParameterBytes("key_rows_" + metric));
        }

        foreach (string kernel in new[] { "sums", "collect", "terms" })
            Assert.Equal(Unsafe.SizeOf<LossArguments>(), SimulatedDriver.ParameterBytes("loss_" + kernel));
        Assert.Equal(-1, SimulatedDriver.ParameterBytes("no_such_kernel"));
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(128, 128, 1, 1)]
    [InlineData(129, 129, 3, 4)]
    [InlineData(129, 400, 7, 8)]
    [InlineData(1, 400, 4, 4)]
    [InlineData(65536, 65536, 131328, 262144)]
    public void Tiles_AnchorsAndGallery_AreTheTriangleOrTheRectangle(int anchors, int gallery, int symmetric, int rectangular)
    {
        Assert.Equal(symmetric, CudaPlan.Tiles(anchors, gallery, symmetric: true));
        Assert.Equal(rectangular, CudaPlan.Tiles(anchors, gallery, symmetric: false));
    }

    [Fact]
    public void Tiles_MoreThanAGridHolds_Throws() =>
        Assert.Throws<CudaException>(() => CudaPlan.Tiles(int.MaxValue - 200, int.MaxValue - 200, symmetric: false));

    [Theory]
    [InlineData(1, 1, true, 132, 2)]
    [InlineData(257, 257, true, 132, 6)]
    [InlineData(257, 257, false, 132, 8)]
    [InlineData(129, 700, true, 132, 6)]
    [InlineData(300, 1, false, 132, 4)]
    [InlineData(65536, 65536, true, 132, 132)]
    [InlineData(65536, 65536, false, 3, 2)]
    [InlineData(65536, 65536, true, 1, 2)]
    public void WarpGroupBlocks_JobsAndMultiprocessors_AreWholeClusters(int anchors, int gallery, bool symmetric, int multiprocessors, int expected) =>
        Assert.Equal(expected, CudaPlan.WarpGroupBlocks(anchors, gallery, symmetric, multiprocessors));

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 8)]
    [InlineData(129, 136)]
    public void PaddedDepth_AnyDepth_IsAMultipleOfEight(int depth, int padded)
    {
        Assert.Equal(padded, CudaPlan.PaddedDepth(depth));
        Assert.Equal(2L * 128 * padded, CudaPlan.PanelFloats(200, depth));
    }

    [Fact]
    public void FragmentBytes_AnyDepth_AreFourBytesAPaddedComponent()
    {
        Assert.Equal(2L * 128 * 16 * 4, CudaPlan.FragmentBytes(200, 3));
        Assert.Equal(128L * 32 * 4, CudaPlan.FragmentBytes(128, 17));
    }

    [Fact]
    public void ChunkPanels_AnyBudget_IsBetweenOnePanelAndAll()
    {
        Assert.Equal(1, CudaPlan.ChunkPanels(1000, 1000, budget: 1));
        Assert.Equal(8, CudaPlan.ChunkPanels(1000, 1000, budget: long.MaxValue));
        Assert.Equal(2, CudaPlan.ChunkPanels(1000, 1000, budget: 2L * 128 * 1024 * sizeof(float)));
    }

    [Theory]
    [InlineData(0, 1, 128)]
    [InlineData(256, long.MaxValue, 44)]
    [InlineData(0, long.MaxValue, 300)]
    [InlineData(0, 256 * 5 * 276, 256)]
    [InlineData(0, (256 * 5 * 276) - 1, 128)]
    public void BucketAnchors_AnyBudget_AreWholePanelsThatFit(int first, long budget, int expected)
    {
        // Three positives an anchor, so five buckets of 276 bytes.
        long[] pairOffsets = [.. Enumerable.Range(0, 301).Select(anchor => 3L * anchor)];

        Assert.Equal(expected, CudaPlan.BucketAnchors(pairOffsets, first, budget));
        Assert.Equal(5L * expected, CudaPlan.Buckets(pairOffsets, first, expected));
    }

    [Theory]
    [InlineData(1, 1, 128)]
    [InlineData(1024, 1, 1024)]
    [InlineData(1025, 2, 640)]
    [InlineData(1800, 2, 1024)]
    [InlineData(65536, 64, 1024)]
    public void Segments_AnyNumberOfRows_HoldThemAllWithLessThanAPanelEachToSpare(int rows, int segments, int segmentRows)
    {
        LossPlan plan = new(rows, 9, wantsGradient: true);

        Assert.Equal((segments, segmentRows), (plan.Segments, plan.SegmentRows));
        Assert.InRange(plan.AllSegmentRows, plan.PaddedRows, plan.PaddedRows + (128 * segments) - 1);
    }

    [Fact]
    public void ChunkPanels_OfALoss_AreBetweenOneAndAll()
    {
        Assert.Equal(1, new LossPlan(1800, 128, wantsGradient: true).ChunkPanels(1));
        Assert.Equal(15, new LossPlan(1800, 128, wantsGradient: true).ChunkPanels(long.MaxValue));

        // One of 1,024 rows and 128 dimensions takes 512 KB of weights, 64 KB of sums and 16 KB of partial sums.
        Assert.Equal(2, new LossPlan(1024, 128, wantsGradient: true).ChunkPanels(2 * (512 + 64 + 16) << 10));
        Assert.Equal(1, new LossPlan(1024, 128, wantsGradient: true).ChunkPanels((2 * (512 + 64 + 16) << 10) - 1));
        Assert.Equal(2, new LossPlan(1024, 128, wantsGradient: false).ChunkPanels(2 * 16 << 10));
    }

    [Fact]
    public void Decode_Buckets_GiveEachPositiveTheFirstBucketAboveIt()
    {
        using SemiHardRow row = new();

        // Positives 10, 11 and 13 at 0.5, 0.1 and 0.3; negatives at 0.2 and 0.4, none beyond 0.5.
        SemiHardResult result = row.Decode(DistanceMetric.SquaredEuclidean, 10, self: 12, [0.5, 0.1, 0.3], [1, 2, 0], [-1, 4, 5, -1], [double.NaN, 0.2, 0.4, double.NaN]);

        Assert.Equal([10, 11, 13], result.Positives.ToArray());
        Assert.Equal([RankedRow.None, new RankedRow(4, 0.2), new RankedRow(5, 0.4)], result.Negatives.ToArray());
        Assert.Equal(new RankedRow(4, 0.2), result.Nearest);
    }

    [Fact]
    public void Decode_OneKindWanted_LeavesTheOthers()
    {
        AnchorExtremes[] extremes = [AnchorExtremes.None, AnchorExtremes.None];

        ExtremesPass.Decode(ExtremeKinds.NearestNegative | ExtremeKinds.FarthestPositive, [1, 2, 5, -1], [0.1, 0.2, 0.5, 0.6], extremes);

        Assert.Equal(
            [
                AnchorExtremes.None with { FarthestPositive = 1, FarthestPositiveKey = 0.1, NearestNegative = 5, NearestNegativeKey = 0.5 },
                AnchorExtremes.None with { FarthestPositive = 2, FarthestPositiveKey = 0.2, NearestNegativeKey = 0.6 },
            ],
            extremes);
    }

    [Theory]
    [InlineData(700, true)]
    [InlineData(719, true)]
    [InlineData(226, true)]
    [InlineData(721, true)]
    [InlineData(911, true)]
    [InlineData(214, true)]
    [InlineData(999, true)]
    [InlineData(701, false)]
    [InlineData(2, false)]
    [InlineData(0, false)]
    public void IsFatal_Status_IsThatOfALostContext(int status, bool isFatal) => Assert.Equal(isFatal, new CudaException("planned", status).IsFatal);
}
