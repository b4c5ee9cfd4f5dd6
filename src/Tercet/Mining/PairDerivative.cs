namespace Tercet.Mining;

/// <summary>
/// A distance d(x, y) in float64 and its derivative, which for all three metrics is a combination of the two rows:
/// <c>∂d/∂x = XX·x + XY·y</c> and <c>∂d/∂y = XY·x + YY·y</c>.
/// </summary>
internal readonly record struct PairDerivative(double Distance, double XX, double XY, double YY)
{
    internal static PairDerivative Of(ReadOnlySpan<float> x, ReadOnlySpan<float> y, DistanceMetric metric)
    {
        if (metric == DistanceMetric.Cosine)
            return Cosine(x, y);

        double squared = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double difference = (double)x[i] - y[i];
            squared += difference * difference;
        }

        if (metric == DistanceMetric.SquaredEuclidean)
            return new PairDerivative(squared, 2, -2, 2);
        double distance = Math.Sqrt(squared);

        // ‖x − y‖ has no derivative at x = y; 0 is one of its subgradients.
        double inverse = distance == 0 ? 0 : 1 / distance;
        return new PairDerivative(distance, inverse, -inverse, inverse);
    }

    internal void AddTo(Span<double> xSum, Span<double> ySum, ReadOnlySpan<float> x, ReadOnlySpan<float> y, double weight)
    {
        (double xx, double xy, double yy) = (weight * XX, weight * XY, weight * YY);
        for (int i = 0; i < x.Length; i++)
        {
            xSum[i] += (xx * x[i]) + (xy * y[i]);
            ySum[i] += (xy * x[i]) + (yy * y[i]);
        }
    }

    private static PairDerivative Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double dot = 0, xSquared = 0, ySquared = 0;
        for (int i = 0; i < x.Length; i++)
        {
            dot += (double)x[i] * y[i];
            xSquared += (double)x[i] * x[i];
            ySquared += (double)y[i] * y[i];
        }

        // A row of zeros has no direction: it is at distance 1 from everything, and moving it a little has no defined effect.
        if (xSquared == 0 || ySquared == 0)
            return new PairDerivative(1, 0, 0, 0);
        double inverse = 1 / (Math.Sqrt(xSquared) * Math.Sqrt(ySquared));
        double cosine = Math.Clamp(dot * inverse, -1, 1);
        return new PairDerivative(1 - cosine, cosine / xSquared, -inverse, cosine / ySquared);
    }
}
