using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Backends.Cpu.Search;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Tests.Search;

/// <summary>What the codes say of a score is never above it, however little they keep of the row, and the tile says the same as the scan.</summary>
public sealed unsafe class CodeBoundTests
{
    private const int Rows = 70;
    private const int Queries = 6;

    public static TheoryData<CpuLanes, SearchMetric> Forms
    {
        get
        {
            var forms = new TheoryData<CpuLanes, SearchMetric>();
            foreach (CpuLanes lanes in CpuBackend.SupportedLanes)
            {
                foreach (SearchMetric metric in Enum.GetValues<SearchMetric>())
                    forms.Add(lanes, metric);
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Codes_OrdinaryRows_BoundScoresFromBelow(CpuLanes lanes, SearchMetric metric)
    {
        foreach (int depth in (int[])[1, 3, 4, 8, 9, 31, 64, 130])
            Check(SearchOracle.Rows(Rows, depth, seed: depth), SearchOracle.Rows(Queries, depth, seed: 50 + depth), lanes, metric);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Codes_LargestCodesEverywhere_DoNotSaturate(CpuLanes lanes, SearchMetric metric)
    {
        float[,] gallery = SearchOracle.Rows(Rows, 96, seed: 1);
        float[,] queries = SearchOracle.Rows(Queries, 96, seed: 2);
        foreach (float[,] rows in (float[][,])[gallery, queries])
        {
            for (int row = 0; row < rows.GetLength(0); row++)
            {
                for (int k = 0; k < 96; k++)
                    rows[row, k] = row % 3 == 0 ? 1 : row % 3 == 1 ? -1 : MathF.Sign(rows[row, k]);
            }
        }

        // Nothing is lost by such codes: the bound is the score, but for rounding.
        Check(gallery, queries, lanes, metric, tight: 1e-4);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Codes_OneComponentFarAboveTheOthers_BoundScoresFromBelow(CpuLanes lanes, SearchMetric metric)
    {
        float[,] gallery = SearchOracle.Rows(Rows, 40, seed: 3);
        float[,] queries = SearchOracle.Rows(Queries, 40, seed: 4);
        for (int row = 0; row < Rows; row++)
            gallery[row, row % 40] *= 1000;
        for (int query = 0; query < Queries; query++)
            queries[query, query] *= 1000;
        Check(gallery, queries, lanes, metric);
    }

    private static void Check(float[,] gallery, float[,] queries, CpuLanes lanes, SearchMetric metric, double tight = double.PositiveInfinity)
    {
        int depth = gallery.GetLength(1);
        var kernel = SearchKernel.For(lanes);
        using var team = new WorkerTeam();
        fixed (float* x = gallery, y = queries)
        {
            using var rows = new GalleryRows(new SourceRows(x, depth), Rows, depth, metric, team, 1);
            using var codes = new CodeRows(rows, team, 1);
            using var pass = new SearchPass(rows, kernel);
            using var coded = new CodeQueries();
            pass.Load(new SourceRows(y, depth), 0, Queries, pack: false);
            coded.Load(pass, codes.Quads);
            int padded = codes.BlockCount * CodeRows.BlockRows;
            float[,] bounds = new float[2 * CodeQueries.Group, padded];
            for (int query = 0; query < 2 * CodeQueries.Group; query++)
            {
                fixed (float* target = &bounds[query, 0])
                    kernel.Codes(codes.Block(0), codes.BlockCount, codes.Quads, coded.Codes(query), coded.Numbers(query), target);
            }

            for (int query = 0; query < Queries; query++)
            {
                for (int row = 0; row < Rows; row++)
                {
                    double norm = pass.Norms[query];
                    double score = rows.ScoreOf(rows.ExactKey(y + (query * depth), norm, row), norm);
                    double rounding = 1e-5 * (1 + Math.Abs(score));
                    Assert.True(bounds[query, row] <= score + rounding, $"query {query}, row {row}: {bounds[query, row]} above {score}");
                    Assert.True(bounds[query, row] >= score - tight - (tight * Math.Abs(score)), $"query {query}, row {row}: {bounds[query, row]} far below {score}");
                }

                for (int row = Rows; row < padded; row++)
                    Assert.Equal(float.PositiveInfinity, bounds[query, row]);
            }

            CheckTile(kernel, codes, coded, bounds);
        }
    }

    // SAFETY: pointers as in Check; 64 limits and hits for four queries.
    private static void CheckTile(SearchKernel kernel, CodeRows codes, CodeQueries coded, float[,] bounds)
    {
        float* limits = stackalloc float[CodeQueries.Group];
        uint* hits = stackalloc uint[CodeQueries.Group];
        for (int first = 0; first < 2 * CodeQueries.Group; first += CodeQueries.Group)
        {
            for (int row = 0; row < bounds.GetLength(1); row += 32)
            {
                for (int i = 0; i < CodeQueries.Group; i++)
                    limits[i] = bounds[first + i, (7 * i) + 3];
                bool any = kernel.CodeTile(codes.Block(row / CodeRows.BlockRows), codes.Quads, coded.Codes(first), coded.Numbers(first), limits, hits);
                uint all = 0;
                for (int i = 0; i < CodeQueries.Group; i++)
                {
                    uint expected = 0;
                    for (int r = 0; r < 32; r++)
                        expected |= bounds[first + i, row + r] <= limits[i] ? 1u << r : 0;
                    if (any)
                        Assert.Equal(expected, hits[i]);
                    all |= expected;
                }

                Assert.Equal(all != 0, any);
            }
        }
    }
}
