using System.Globalization;
using System.Numerics.Tensors;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Bench;

/// <summary><c>labelled FOLDER ROWS DIM IDENTITIES</c>: writes E.npy and L.npy, unit rows around the centres of their identities, for <c>tercet evaluate</c>.</summary>
internal static class LabelledSetVerb
{
    // At 128 dimensions: genuine and impostor distances that overlap a little.
    private const double Noise = 1.1;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        (string folder, int rows, int columns, int identities) = (arguments[0], Number(arguments[1]), Number(arguments[2]), Number(arguments[3]));
        Random random = new(1);
        float[,] centres = new float[identities, columns];
        for (int identity = 0; identity < identities; identity++)
        {
            for (int column = 0; column < columns; column++)
                centres[identity, column] = (float)Normal(random);
        }

        using PinnedMatrix matrix = new(rows, columns);
        long[] labels = new long[rows];
        for (int row = 0; row < rows; row++)
        {
            labels[row] = row % identities;
            Span<float> target = matrix.Span.GetRowSpan(row);
            for (int column = 0; column < columns; column++)
                target[column] = (float)(centres[labels[row], column] + (Noise * Normal(random)));
            float norm = TensorPrimitives.Norm<float>(target);
            TensorPrimitives.Divide(target, norm, target);
        }

        Directory.CreateDirectory(folder);
        NpyFile.WriteMatrix(Path.Combine(folder, "E.npy"), matrix.Span);
        NpyFile.WriteLabels(Path.Combine(folder, "L.npy"), labels);
        return 0;
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
