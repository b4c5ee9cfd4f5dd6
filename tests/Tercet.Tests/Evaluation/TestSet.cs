using Tercet.Mining;

namespace Tercet.Tests.Evaluation;

internal static class TestSet
{
    internal static (float[,] Rows, long[] Labels) Random(int count, int columns, int identities, int seed, bool onGrid = false)
    {
        Random random = new(seed);
        float[,] rows = new float[count, columns];
        long[] labels = new long[count];
        for (int row = 0; row < count; row++)
        {
            labels[row] = random.Next(identities) * 10;
            for (int column = 0; column < columns; column++)
                rows[row, column] = onGrid ? random.Next(3) : (float)(random.NextDouble() - 0.5 + ((labels[row] * 7 * (column + 1) % 11) * 0.05));
        }

        return (rows, labels);
    }

    internal static double Distance(float[,] x, int a, int b, DistanceMetric metric) =>
        metric == DistanceMetric.Euclidean ? Math.Sqrt(Key(x, a, b, metric)) : Key(x, a, b, metric);

    internal static double Key(float[,] x, int a, int b, DistanceMetric metric)
    {
        double squared = 0, dot = 0, aa = 0, bb = 0;
        for (int k = 0; k < x.GetLength(1); k++)
        {
            squared += ((double)x[a, k] - x[b, k]) * ((double)x[a, k] - x[b, k]);
            dot += (double)x[a, k] * x[b, k];
            aa += (double)x[a, k] * x[a, k];
            bb += (double)x[b, k] * x[b, k];
        }

        return metric == DistanceMetric.Cosine ? 1 - (dot / Math.Sqrt(aa * bb)) : squared;
    }

    internal static bool Close(float x, float y) => Math.Abs(x - y) <= 2e-7 * Math.Max(1, Math.Abs(x));
}
