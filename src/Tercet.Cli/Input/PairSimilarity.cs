namespace Tercet.Cli.Input;

/// <summary>How alike two embeddings are.</summary>
internal static class PairSimilarity
{
    /// <summary>The cosine of the angle between two embeddings of one length, in float64; 0 where one of them is zero.</summary>
    public static double Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double dot = 0, xx = 0, yy = 0;
        for (int k = 0; k < x.Length; k++)
        {
            dot += (double)x[k] * y[k];
            xx += (double)x[k] * x[k];
            yy += (double)y[k] * y[k];
        }

        return xx * yy == 0 ? 0 : Math.Clamp(dot / (Math.Sqrt(xx) * Math.Sqrt(yy)), -1, 1);
    }
}
