using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Scaling to the unit sphere.</summary>
public sealed class UnitRowsTests
{
    // From a component to more than whole vectors; norms beyond what float32 can square, both ways.
    public static TheoryData<int, float> Rows
    {
        get
        {
            TheoryData<int, float> rows = [];
            foreach (int dimension in (int[])[1, 7, 16, 33, 512])
            {
                foreach (float size in (float[])[1, 1e30f, 1e-30f])
                    rows.Add(dimension, size);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Normalize_RowOfAnySize_IsTheQuotientRoundedOnce(int dimension, float size)
    {
        Random random = new(dimension);
        float[] row = [.. Enumerable.Range(0, dimension).Select(_ => size * (random.NextSingle() - 0.5f))];
        double norm = Math.Sqrt(row.Sum(x => (double)x * x));
        double[] expected = [.. row.Select(x => x / norm)];

        UnitRows.Normalize(row);

        for (int i = 0; i < dimension; i++)
            Assert.True(Math.Abs(row[i] - expected[i]) <= 0.5001 * Math.ScaleB(1, Math.ILogB(expected[i]) - 23), $"component {i}: {row[i]:R} for {expected[i]:R}");
    }

    [Fact]
    public void Normalize_Matrix_ScalesEveryRowAndLeavesZerosAndTheRestAlone()
    {
        float[] values = [3, 4, 99, 0, 0, 99, -5, 12, 99];
        UnitRows.Normalize(new Span2D<float>(values, 0, 3, 2, 1));
        Assert.Equal([0.6f, 0.8f, 99, 0, 0, 99, (float)(-5 / 13.0), (float)(12 / 13.0), 99], values);
    }
}
