using Tercet.Memory;

namespace Tercet.Bench;

/// <summary>
/// The batch that benchmarks mine: unit rows around one centre an identity, 40 rows each, in shuffled order; the same for the same shape. The centre's
/// share of a row is such that positives and negatives overlap in every dimension alike, as they do while a model is being trained.
/// </summary>
internal sealed class Batch : IDisposable
{
    public const int RowsPerIdentity = 40;

    private Batch(PinnedMatrix rows, long[] labels)
    {
        Rows = rows;
        Labels = labels;
    }

    public PinnedMatrix Rows { get; }

    public long[] Labels { get; }

    public static Batch Create(int rows, int columns)
    {
        var random = new Random(17);
        long[] labels = [.. Enumerable.Range(0, rows).Select(row => (long)(row / RowsPerIdentity))];
        random.Shuffle(labels);
        double share = 0.2 * Math.Sqrt(128.0 / columns);
        float weight = (float)Math.Sqrt(share / (1 - share));
        float[][] centres = [.. Enumerable.Range(0, (rows / RowsPerIdentity) + 1).Select(_ => Gaussian(random, columns))];

        PinnedMatrix matrix = new(rows, columns);
        for (int row = 0; row < rows; row++)
        {
            float[] noise = Gaussian(random, columns);
            float[] centre = centres[labels[row]];
            Span<float> values = matrix.Span.GetRowSpan(row);
            double squares = 0;
            for (int column = 0; column < columns; column++)
            {
                values[column] = (weight * centre[column]) + noise[column];
                squares += values[column] * values[column];
            }

            float scale = (float)(1 / Math.Sqrt(squares));
            foreach (ref float value in values)
                value *= scale;
        }

        return new Batch(matrix, labels);
    }

    public void Dispose() => Rows.Dispose();

    private static float[] Gaussian(Random random, int length)
    {
        float[] values = new float[length];
        foreach (ref float value in values.AsSpan())
            value = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }
}
