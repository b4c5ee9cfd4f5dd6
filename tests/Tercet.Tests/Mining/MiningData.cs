namespace Tercet.Tests.Mining;

/// <summary>Rows and labels of every kind.</summary>
internal static class MiningData
{
    public static long[] Labels(LabelKind kind, int n, Random random) =>
    [
        .. Enumerable.Range(0, n).Select(i => kind switch
        {
            LabelKind.Few => random.Next(Math.Max(2, n / 4)),
            LabelKind.Large => random.Next(3),
            LabelKind.Uneven => random.Next(2) == 0 ? long.MaxValue : long.MinValue + random.Next(n),
            LabelKind.One => 7L,
            LabelKind.Distinct => n - i,
            _ => random.Next(3) == 0 ? -1 : random.Next(Math.Max(2, n / 4)),
        }),
    ];

    public static float[,] Rows(RowKind kind, long[] labels, int d, Random random)
    {
        int n = labels.Length;
        float[,] rows = new float[n, d];
        switch (kind)
        {
            case RowKind.Lattice:
                Fill(rows, (_, _) => random.Next(-2, 3));
                break;
            case RowKind.AllEqual:
                float[] only = Row(d, random);
                Fill(rows, (_, k) => only[k]);
                break;
            case RowKind.Duplicates:
                float[][] few = [.. Enumerable.Range(0, 5).Select(_ => Row(d, random))];
                int[] which = [.. labels.Select(_ => random.Next(few.Length))];
                Fill(rows, (i, k) => few[which[i]][k]);
                break;
            case RowKind.Clustered:
                var centres = labels.Distinct().ToDictionary(label => label, _ => Row(d, random));
                Fill(rows, (i, k) => centres[labels[i]][k] + (0.33f * Normal(random)));
                break;
            case RowKind.FarFromOrigin:
                float[] centre = Row(d, random);
                Fill(rows, (_, k) => (100 * centre[k]) + (1e-3f * Normal(random)));
                break;
            case RowKind.MixedScale:
                float[] scales = [.. labels.Select(_ => random.Next(8) == 0 ? 0 : MathF.Pow(10, random.Next(-6, 7)))];
                Fill(rows, (i, _) => scales[i] * Normal(random));
                break;
            case RowKind.UnitSphere:
                Fill(rows, (_, _) => Normal(random));
                return Oracle.Normalized(rows);
            default:
                float scale = kind switch { RowKind.Tiny => 1e-21f, RowKind.Huge => 1e17f / MathF.Sqrt(d), _ => 1 };
                Fill(rows, (_, _) => scale * Normal(random));
                break;
        }

        return rows;
    }

    public static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));

    private static float[] Row(int d, Random random) => [.. Enumerable.Range(0, d).Select(_ => Normal(random))];

    private static void Fill(float[,] rows, Func<int, int, float> value)
    {
        for (int i = 0; i < rows.GetLength(0); i++)
        {
            for (int k = 0; k < rows.GetLength(1); k++)
                rows[i, k] = value(i, k);
        }
    }
}
