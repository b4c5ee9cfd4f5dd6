using System.Runtime.CompilerServices;
using Tercet.Backends;
using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Arguments;

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
            Assert.Equal(Unsafe.SizeOf<KeyRowsArguments>(), SimulatedDriver.ParameterBytes("key_rows_" + metric));
        }

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

    [Fact]
    public void Decode_OneKindWanted_LeavesTheOthers()
    {
        AnchorExtremes[] extremes = [AnchorExtremes.None, AnchorExtremes.None];

        ExtremesPass.Decode(ExtremeKinds.NearestNegative | ExtremeKinds.FarthestPositive, [1, 2, 3, 4, 5, -1], extremes);

        Assert.Equal([new() { FarthestPositive = 1, NearestPositive = -1, NearestNegative = 5 }, new() { FarthestPositive = 2, NearestPositive = -1, NearestNegative = -1 }], extremes);
    }

    [Theory]
    [InlineData(700, true)]
    [InlineData(719, true)]
    [InlineData(214, true)]
    [InlineData(999, true)]
    [InlineData(701, false)]
    [InlineData(2, false)]
    [InlineData(0, false)]
    public void IsFatal_Status_IsThatOfALostContext(int status, bool isFatal) => Assert.Equal(isFatal, new CudaException("planned", status).IsFatal);
}
