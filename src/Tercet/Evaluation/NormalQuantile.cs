namespace Tercet.Evaluation;

/// <summary>Quantiles of the normal distribution, by P. J. Acklam's rational approximation (relative error below 1.2 · 10⁻⁹).</summary>
internal static class NormalQuantile
{
    private const double Tail = 0.02425;

    private static readonly double[] CentreAbove = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239];
    private static readonly double[] CentreBelow = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
    private static readonly double[] TailAbove = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
    private static readonly double[] TailBelow = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661996142, 1];

    /// <summary>The z that a normal variable stays within, on both sides of 0, with a probability.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not above 0 and below 1.</exception>
    public static double TwoSided(double probability)
    {
        if (!(probability > 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "A confidence is above 0 and below 1.");
        double outside = (1 - probability) / 2;
        if (outside < Tail)
        {
            double q = Math.Sqrt(-2 * Math.Log(outside));
            return -Polynomial(TailAbove, q) / Polynomial(TailBelow, q);
        }

        double r = 0.5 - outside;
        return r * Polynomial(CentreAbove, r * r) / Polynomial(CentreBelow, r * r);
    }

    private static double Polynomial(double[] coefficients, double x) => coefficients.Aggregate((sum, next) => (sum * x) + next);
}
