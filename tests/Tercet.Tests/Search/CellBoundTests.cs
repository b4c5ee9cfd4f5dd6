using Tercet.Backends.Cpu;
using Tercet.Backends.Cpu.Search;
using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Tests.Search;

/// <summary>What a bound leaves out is farther than the limit, whatever the limit; and the check sees bounds that are not sound.</summary>
public sealed unsafe class CellBoundTests
{
    private const int Rows = 1200;
    private const int Depth = 9;
    private const int Cells = 37;

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean)]
    [InlineData(SearchMetric.Cosine)]
    [InlineData(SearchMetric.InnerProduct)]
    public void Bounds_AnyLimit_LeaveOutOnlyWhatIsFarther(SearchMetric metric)
    {
        foreach (float[,] rows in (float[][,])[SearchOracle.Rows(Rows, Depth, seed: 1), CellSearchTests.Clustered(Rows, Depth, classes: 20, noise: 0.3f, seed: 2)])
        {
            (long byRadius, long byPlane, long byWindow, long wrong) = Count(rows, metric, _ => { });
            Assert.Equal(0, wrong);
            Assert.True(byRadius > 0 && byPlane > 0 && byWindow > 0, $"left out: {byRadius} by radius, {byPlane} by hyperplane, {byWindow} by window");
        }
    }

    [Fact]
    public void Bounds_RadiiTooSmall_AreFoundOut()
    {
        (_, _, _, long wrong) = Count(SearchOracle.Rows(Rows, Depth, seed: 1), SearchMetric.SquaredEuclidean, table =>
        {
            for (int place = 0; place < table.Shape.Places; place++)
                table.Radii[place] *= 0.2f;
        });
        Assert.True(wrong > 0);
    }

    [Fact]
    public void Bounds_RowsInACellThatIsNotTheNearest_AreFoundOut()
    {
        // Every row in the next cell, the radii right for it: only the hyperplane is wrong then.
        (_, _, _, long wrong) = Count(SearchOracle.Rows(Rows, Depth, seed: 1), SearchMetric.SquaredEuclidean, table =>
        {
            float* centres = (float*)(table.Block(0) - table.Shape.CodesAt + table.Shape.CentresAt);
            new Span<float>(centres, Cells * Depth).Reverse();
            for (int place = 0; place < table.Shape.Places; place++)
                table.Radii[place] = 1e9f;
        });
        Assert.True(wrong > 0);
    }

    [Fact]
    public void Table_RowsInTheWrongPlacesOrCounts_IsRefused()
    {
        float[,] rows = SearchOracle.Rows(200, 3, seed: 4);
        fixed (float* x = rows)
        {
            using var team = new WorkerTeam();
            using var gallery = new GalleryRows(new SourceRows(x, 3), 200, 3, SearchMetric.SquaredEuclidean, team, 1);
            using var table = CellTable.Build(gallery, 5, seed: 0, threads: 1);
            byte* start = table.Block(0) - table.Shape.CodesAt;
            int* place = table.Rows + 3;
            int row = *place;
            foreach (int wrong in (int[])[-2, 200])
            {
                *place = wrong;
                Assert.Contains("does not exist", Assert.Throws<ArgumentException>(() => new CellTable(start, table.Shape, 200)).Message, StringComparison.Ordinal);
            }

            *place = row;
            Assert.Throws<ArgumentException>(() => new CellTable(start, table.Shape, 201));
            int* firstBlock = (int*)start + 1;
            (*firstBlock)++;
            Assert.Throws<ArgumentException>(() => new CellTable(start, table.Shape, 200));
            (*firstBlock)--;
            new CellTable(start, table.Shape, 200).Dispose();
        }
    }

    [Fact]
    public void Build_SameRowsAndSeed_GivesTheSameBytesOnAnyThreads()
    {
        float[,] rows = CellSearchTests.Clustered(3000, 20, classes: 30, noise: 0.4f, seed: 6);
        fixed (float* x = rows)
        {
            using var team = new WorkerTeam();
            using var gallery = new GalleryRows(new SourceRows(x, 20), 3000, 20, SearchMetric.Cosine, team, 1);
            using var one = CellTable.Build(gallery, 0, seed: 5, threads: 1);
            using var two = CellTable.Build(gallery, 0, seed: 5, threads: 2);
            using var other = CellTable.Build(gallery, 0, seed: 6, threads: 2);
            Assert.True(Bytes(one).SequenceEqual(Bytes(two)));
            Assert.False(Bytes(one).SequenceEqual(Bytes(other)));
        }
    }

    [Fact]
    public void Build_EveryRow_LiesInTheCellOfItsNearestCentre()
    {
        float[,] rows = CellSearchTests.Clustered(2000, 8, classes: 25, noise: 0.4f, seed: 7);
        fixed (float* x = rows)
        {
            using var team = new WorkerTeam();
            using var gallery = new GalleryRows(new SourceRows(x, 8), 2000, 8, SearchMetric.SquaredEuclidean, team, 1);
            using var table = CellTable.Build(gallery, 50, seed: 0, threads: 2);
            HashSet<int> seen = [];
            for (int cell = 0; cell < 50; cell++)
            {
                int first = table.FirstBlock(cell) * CodeRows.BlockRows;
                for (int i = 0; i < table.Count(cell); i++)
                {
                    int row = table.Rows[first + i];
                    Assert.True(seen.Add(row));
                    double own = ExactDistance.SquaredEuclidean(x + (row * 8), table.Centres.Source[cell], 8);
                    Assert.Equal((float)Math.Sqrt(own), table.Radii[first + i]);
                    for (int other = 0; other < 50; other++)
                        Assert.True(own <= ExactDistance.SquaredEuclidean(x + (row * 8), table.Centres.Source[other], 8));
                }
            }

            Assert.Equal(2000, seen.Count);
        }
    }

    // SAFETY: the table's bytes lie one behind the other from its first to its last.
    private static ReadOnlySpan<byte> Bytes(CellTable table) => new(table.Block(0) - table.Shape.CodesAt, (int)table.Shape.Length);

    // What each bound leaves out, over some queries and limits, and how much of it is within the limit all the same.
    private static (long ByRadius, long ByPlane, long ByWindow, long Wrong) Count(float[,] rows, SearchMetric metric, Action<CellTable> plant)
    {
        const int Queries = 8;
        float[,] queries = SearchOracle.Rows(Queries, Depth, seed: 3);
        for (int k = 0; k < Depth; k++)
            (queries[1, k], queries[2, k]) = (rows[5, k], 3 * queries[2, k]);
        var kernel = SearchKernel.For(null);
        using var team = new WorkerTeam();
        long byRadius = 0, byPlane = 0, byWindow = 0, wrong = 0;
        fixed (float* x = rows, y = queries)
        {
            using var gallery = new GalleryRows(new SourceRows(x, Depth), Rows, Depth, metric, team, 1);
            using var built = CellTable.Build(gallery, Cells, seed: 0, threads: 1);
            plant(built);
            using var table = new CellTable(built.Block(0) - built.Shape.CodesAt, built.Shape, Rows);
            using var pass = new SearchPass(gallery, kernel);
            using var plain = new PlainQueries();
            using var probe = new CellProbe(table, kernel);
            var bounds = new CellBounds(table);
            for (int query = 0; query < Queries; query++)
            {
                pass.Load(new SourceRows(y, Depth), query, 1, pack: false);
                plain.Load(pass, kernel.Fold.Width);
                probe.Score(plain[0]);
                bounds.Load(pass, probe.Scores);
                int nearest = probe.Nearest(1)[0];
                bounds.Load(nearest, probe.ScoreFrom(nearest));
                double[] scores = [.. Enumerable.Range(0, Rows).Select(row => gallery.ScoreOf(pass.ExactKey(0, row), pass.Norms[0]))];
                foreach (double share in (double[])[0, 0.01, 0.1, 0.5])
                {
                    // The limit is a row's own score, so that a bound that is off by anything but rounding shows.
                    float limit = (float)scores.Order().ElementAt((int)(share * Rows)) + SearchPass.ErrorOf(gallery, pass.Norms[0]);
                    bounds.Limit(limit);
                    for (int cell = 0; cell < Cells; cell++)
                    {
                        (int first, int end) = table.Count(cell) > 0 ? bounds.Window(cell) : (0, 0);
                        bool mayHold = bounds.MayHold(cell), mayReach = cell == nearest || bounds.MayReachOver(cell, probe.Others[cell]);
                        for (int i = 0; i < table.Count(cell); i++)
                        {
                            int block = table.FirstBlock(cell) + (i / CodeRows.BlockRows);
                            bool inside = block >= first && block < end;
                            byRadius += mayHold ? 0 : 1;
                            byPlane += mayReach ? 0 : 1;
                            byWindow += inside ? 0 : 1;
                            if (!(mayHold && mayReach && inside) && scores[table.Rows[(table.FirstBlock(cell) * CodeRows.BlockRows) + i]] <= limit)
                                wrong++;
                        }
                    }
                }
            }
        }

        return (byRadius, byPlane, byWindow, wrong);
    }
}
