using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Comparisons of a loss and its gradient with what <see cref="LossOracle"/> says.</summary>
internal static class LossAgreement
{
    /// <summary>
    /// The same terms, and a loss within float32 rounding. A cosine distance that is safely inside its kind enters in float32, as a difference from 1: an
    /// absolute error for each term above zero.
    /// </summary>
    public static void Check(LossResult expected, LossResult actual, MiningCase each, DistanceMetric metric, LossReduction reduction)
    {
        Assert.Equal((expected.Terms, expected.NonZeroTerms), (actual.Terms, actual.NonZeroTerms));
        double rounding = metric == DistanceMetric.Cosine ? expected.NonZeroTerms * Math.ScaleB(1, -22) : 0;
        double divisor = reduction switch { LossReduction.Sum => 1, LossReduction.Mean => Math.Max(1, expected.Terms), _ => Math.Max(1, expected.NonZeroTerms) };
        double tolerance = (1e-6 * Math.Max(1e-3, Math.Abs(expected.Value))) + (rounding / divisor);
        Assert.True(Math.Abs(expected.Value - actual.Value) <= tolerance, $"{each}: loss {actual.Value:g17}, expected {expected.Value:g17}");
    }

    /// <summary>A gradient within 2·10⁻⁶ of its largest component.</summary>
    public static void Check(double[,] expected, float[,] actual, string description)
    {
        double largest = expected.Cast<double>().Max(Math.Abs);
        for (int i = 0; i < expected.GetLength(0); i++)
        {
            for (int k = 0; k < expected.GetLength(1); k++)
                Assert.True(Math.Abs(expected[i, k] - actual[i, k]) <= 2e-6 * largest, $"{description}: gradient [{i}, {k}] is {actual[i, k]:g9}, expected {expected[i, k]:g9}");
        }
    }

    /// <summary>The rows in float64.</summary>
    public static double[,] Widen(float[,] rows)
    {
        double[,] wide = new double[rows.GetLength(0), rows.GetLength(1)];
        for (int i = 0; i < rows.GetLength(0); i++)
        {
            for (int k = 0; k < rows.GetLength(1); k++)
                wide[i, k] = rows[i, k];
        }

        return wide;
    }
}
