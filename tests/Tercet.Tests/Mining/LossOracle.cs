using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>The triplet loss over all valid triplets by three loops, over float64 rows, so that central differences can be taken.</summary>
internal static class LossOracle
{
    public static LossResult Value(double[,] rows, MiningCase each, DistanceMetric metric, double margin, LossReduction reduction)
    {
        (double sum, long terms, long nonZero) = (0, 0, 0);
        ForEachTriplet(rows, each, metric, (_, _, _, positive, negative) =>
        {
            double term = Math.Max(0, positive - negative + margin);
            sum += term;
            terms++;
            nonZero += term > 0 ? 1 : 0;
        });
        return new LossResult(sum * Factor(reduction, terms, nonZero), terms, nonZero);
    }

    /// <summary>The gradient by the derivative of each distance of each triplet above zero.</summary>
    public static double[,] Gradient(double[,] rows, MiningCase each, DistanceMetric metric, double margin, LossReduction reduction)
    {
        double[,] gradient = new double[rows.GetLength(0), rows.GetLength(1)];
        LossResult value = Value(rows, each, metric, margin, reduction);
        double factor = Factor(reduction, value.Terms, value.NonZeroTerms);
        ForEachTriplet(rows, each, metric, (a, p, n, positive, negative) =>
        {
            if (positive - negative + margin <= 0)
                return;
            Add(gradient, rows, metric, a, p, factor);
            Add(gradient, rows, metric, p, a, factor);
            Add(gradient, rows, metric, a, n, -factor);
            Add(gradient, rows, metric, n, a, -factor);
        });
        return gradient;
    }

    /// <summary>Adds weight · ∂d(i, j)/∂xᵢ = weight · (own · xᵢ − other · xⱼ) to row i.</summary>
    private static void Add(double[,] gradient, double[,] rows, DistanceMetric metric, int i, int j, double weight)
    {
        (double xx, double yy, double xy) = Sums(rows, i, j);
        double distance = Distance(rows, metric, i, j);
        (double own, double other) = metric switch
        {
            DistanceMetric.SquaredEuclidean => (2, 2),
            DistanceMetric.Euclidean => distance == 0 ? (0, 0) : (1 / distance, 1 / distance),
            _ => xx == 0 || yy == 0 ? (0, 0) : (xy / (xx * Math.Sqrt(xx * yy)), 1 / Math.Sqrt(xx * yy)),
        };
        for (int k = 0; k < rows.GetLength(1); k++)
            gradient[i, k] += weight * ((own * rows[i, k]) - (other * rows[j, k]));
    }

    private static void ForEachTriplet(double[,] rows, MiningCase each, DistanceMetric metric, Action<int, int, int, double, double> action)
    {
        int count = rows.GetLength(0);
        double[,] distance = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
                distance[i, j] = Distance(rows, metric, i, j);
        }

        long[] labels = each.AnchorLabels;
        for (int a = 0; a < count; a++)
        {
            for (int p = 0; p < count; p++)
            {
                if (p == a || labels[p] != labels[a] || labels[a] == each.NegativeOnlyLabel)
                    continue;
                for (int n = 0; n < count; n++)
                {
                    if (labels[n] != labels[a])
                        action(a, p, n, distance[a, p], distance[a, n]);
                }
            }
        }
    }

    private static double Factor(LossReduction reduction, long terms, long nonZero) => reduction switch
    {
        LossReduction.Sum => 1,
        LossReduction.Mean => terms == 0 ? 0 : 1.0 / terms,
        _ => nonZero == 0 ? 0 : 1.0 / nonZero,
    };

    private static (double XX, double YY, double XY) Sums(double[,] rows, int i, int j)
    {
        double xx = 0, yy = 0, xy = 0;
        for (int k = 0; k < rows.GetLength(1); k++)
        {
            xx += rows[i, k] * rows[i, k];
            yy += rows[j, k] * rows[j, k];
            xy += rows[i, k] * rows[j, k];
        }

        return (xx, yy, xy);
    }

    private static double Distance(double[,] rows, DistanceMetric metric, int i, int j)
    {
        if (metric == DistanceMetric.Cosine)
        {
            (double xx, double yy, double xy) = Sums(rows, i, j);
            return xx == 0 || yy == 0 ? 1 : 1 - (xy / Math.Sqrt(xx * yy));
        }

        double squared = 0;
        for (int k = 0; k < rows.GetLength(1); k++)
            squared += (rows[i, k] - rows[j, k]) * (rows[i, k] - rows[j, k]);
        return metric == DistanceMetric.Euclidean ? Math.Sqrt(squared) : squared;
    }
}
