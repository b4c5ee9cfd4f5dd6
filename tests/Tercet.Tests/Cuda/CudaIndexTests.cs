using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;
using Tercet.Tests.Mining;
using Tercet.Tests.Search;

namespace Tercet.Tests.Cuda;

/// <summary>The k nearest rows on the simulated device, row for row against a sort in float64.</summary>
public sealed class CudaIndexTests
{
    public static TheoryData<DistanceMetric, int> MetricsAndSchedules => CudaAgreementTests.MetricsAndSchedules;

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void SearchBatch_OverShapesAndTies_FindsWhatTheOracleFinds(DistanceMetric metric, int schedule)
    {
        SimulatedDriver driver = new() { Schedule = schedule, Device = schedule == 1 ? SimulatedDriver.Ampere : new SimulatedDriver().Device };
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        foreach ((int count, int queries, int depth, int k, bool onGrid) in new[] { (1, 1, 1, 1, false), (31, 5, 7, 32, true), (200, 17, 3, 32, true), (390, 140, 12, 10, false), (260, 3, 33, 1, true) })
        {
            float[,] gallery = SearchOracle.Rows(count, depth, count + schedule, onGrid), asked = SearchOracle.Rows(queries, depth, queries, onGrid);
            using CudaIndex index = new(backend, gallery, metric);
            Neighbor[,] nearest = new Neighbor[queries, k];

            Assert.Equal(Math.Min(k, count), index.SearchBatch(asked, k, nearest, TestContext.Current.CancellationToken));

            Check(gallery, asked, nearest, metric);
        }

        Assert.Contains(schedule == 1 ? "nearest_minima_mma_" : "nearest_minima_", string.Join(' ', driver.Launched), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RowFormat.Binary16)]
    [InlineData(RowFormat.BFloat16)]
    public void SearchBatch_NarrowRows_FindsTheirValuesNearest(RowFormat format)
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        float[,] gallery = SearchOracle.Rows(150, 9, 1, onGrid: true), asked = SearchOracle.Rows(20, 9, 2, onGrid: true);
        Neighbor[,] nearest = new Neighbor[20, 5];

        // The grid's values are exact in either format.
        if (format == RowFormat.Binary16)
        {
            using CudaIndex index = new(backend, NarrowRows.Of(Narrowed(gallery, value => (Half)value)));
            index.SearchBatch(NarrowRows.Of(Narrowed(asked, value => (Half)value)), 5, nearest, TestContext.Current.CancellationToken);
        }
        else
        {
            using CudaIndex index = new(backend, NarrowRows.Of(Narrowed(gallery, BFloat16.FromSingle)));
            index.SearchBatch(NarrowRows.Of(Narrowed(asked, BFloat16.FromSingle)), 5, nearest, TestContext.Current.CancellationToken);
        }

        Check(gallery, asked, nearest, DistanceMetric.SquaredEuclidean);
    }

    [Fact]
    public void SearchBatch_SteadyState_AllocatesNothingAndBringsBackOnlyNeighbours()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        float[,] gallery = SearchOracle.Rows(140, 6, 1), asked = SearchOracle.Rows(30, 6, 2);
        using CudaIndex index = new(backend, gallery);
        Neighbor[,] nearest = new Neighbor[30, 4];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        index.SearchBatch(asked, 4, nearest, cancellation);
        (long bytes, int live, CudaCopies copies) = (driver.DeviceBytes, driver.Live, backend.Copies);

        index.SearchBatch(asked, 4, nearest, TestContext.Current.CancellationToken);

        Assert.Equal(new CudaCopies(2, ((30 * 6) + 30) * 4, 3, 4 + (30 * 4 * (4 + 8))), backend.Copies - copies);
        Assert.Equal(0, AllocationTests.LeastAllocated(() => index.SearchBatch(asked, 4, nearest, cancellation)));
        Assert.Equal((bytes, live), (driver.DeviceBytes, driver.Live));
    }

    [Fact]
    public void SearchBatch_LittleDeviceMemory_TakesFewerQueriesAtATime()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        float[,] gallery = SearchOracle.Rows(140, 6, 1), asked = SearchOracle.Rows(300, 6, 2);
        using CudaIndex index = new(backend, gallery);
        Neighbor[,] nearest = new Neighbor[300, 3];
        driver.Fail = (name, bytes) => name == "AllocateDevice" && bytes > 128 * 128 * 8 ? new CudaException("planned", CudaException.OutOfMemory) : null;

        index.SearchBatch(asked, 3, nearest, TestContext.Current.CancellationToken);

        Check(gallery, asked, nearest, DistanceMetric.SquaredEuclidean);
    }

    [Fact]
    public void SearchBatch_LittlePageLockedMemory_TakesAsManyQueriesAsBefore()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        float[,] gallery = SearchOracle.Rows(140, 6, 1), asked = SearchOracle.Rows(300, 6, 2);
        using CudaIndex index = new(backend, gallery);
        Neighbor[,] nearest = new Neighbor[300, 3];
        index.SearchBatch(asked.AsSpan2D()[..150, ..], 3, nearest.AsSpan2D()[..150, ..], TestContext.Current.CancellationToken);
        int refused = 0;
        driver.Fail = (name, bytes) => name == "AllocateHost" && bytes > 6000 && ++refused > 0 ? new CudaException("planned", CudaException.OutOfMemory) : null;

        index.SearchBatch(asked, 3, nearest, TestContext.Current.CancellationToken);

        Assert.Equal(1, refused);
        Check(gallery, asked, nearest, DistanceMetric.SquaredEuclidean);
    }

    [Fact]
    public void SearchBatch_DeviceIsLost_EveryLaterCallSaysSo()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using CudaIndex index = new(backend, SearchOracle.Rows(20, 6, 1));
        driver.Fail = (name, _) => name == "Synchronize" ? new CudaException("planned", 700) : null;

        Assert.Throws<CudaException>(() => index.SearchBatch(new float[1, 6], 1, new Neighbor[1, 1], TestContext.Current.CancellationToken));
        driver.Fail = null;

        Assert.Contains("lost in an earlier call", Assert.Throws<CudaException>(() => index.SearchBatch(new float[1, 6], 1, new Neighbor[1, 1], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SearchBatch_WhatCannotBeSearched_ThrowsAndNamesIt()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        float[,] rows = SearchOracle.Rows(200, 3, 1);
        using CudaIndex index = new(backend, rows);
        rows[150, 2] = float.NaN;

        Assert.Contains("Row 150, column 2 of 'gallery'", Assert.Throws<ArgumentException>(() => new CudaIndex(backend, rows)).Message, StringComparison.Ordinal);
        Assert.Contains("Row 150, column 2 of 'queries'", Assert.Throws<ArgumentException>(() => index.SearchBatch(rows, 1, new Neighbor[200, 1], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new CudaIndex(backend, new float[0, 3]));
        Assert.Throws<ArgumentException>(() => new CudaIndex(backend, rows, (DistanceMetric)9));
        Assert.Throws<ArgumentException>(() => index.SearchBatch(new float[1, 4], 1, new Neighbor[1, 1], TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => index.SearchBatch(new float[1, 3], 2, new Neighbor[1, 1], TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => index.SearchBatch(new float[1, 3], CudaIndex.LargestK + 1, new Neighbor[1, CudaIndex.LargestK + 1], TestContext.Current.CancellationToken));
        index.Dispose();
        Assert.Throws<ObjectDisposedException>(() => index.SearchBatch(new float[1, 3], 1, new Neighbor[1, 1], TestContext.Current.CancellationToken));
    }

    private static void Check(float[,] gallery, float[,] queries, Neighbor[,] nearest, DistanceMetric metric)
    {
        SearchMetric searched = Enum.Parse<SearchMetric>(metric.ToString());
        for (int query = 0; query < queries.GetLength(0); query++)
        {
            Neighbor[] expected = SearchOracle.Nearest(gallery, queries, query, nearest.GetLength(1), searched);
            for (int rank = 0; rank < expected.Length; rank++)
            {
                Assert.Equal(expected[rank].Row, nearest[query, rank].Row);
                Assert.Equal(expected[rank].Distance, nearest[query, rank].Distance, (left, right) => left == right || Math.Abs(left - right) <= 1e-6 * (1 + left));
            }
        }
    }

    private static ReadOnlySpan2D<T> Narrowed<T>(float[,] rows, Func<float, T> convert)
    {
        T[,] narrow = new T[rows.GetLength(0), rows.GetLength(1)];
        for (int i = 0; i < narrow.GetLength(0); i++)
        {
            for (int k = 0; k < narrow.GetLength(1); k++)
                narrow[i, k] = convert(rows[i, k]);
        }

        return narrow;
    }
}
