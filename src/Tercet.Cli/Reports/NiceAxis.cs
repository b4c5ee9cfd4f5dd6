using System.Globalization;

namespace Tercet.Cli.Reports;

/// <summary>An axis from 0 with ticks at 1, 2 or 5 times a power of ten.</summary>
/// <param name="Step">Distance between two ticks.</param>
/// <param name="Maximum">The last tick.</param>
internal readonly record struct NiceAxis(double Step, double Maximum)
{
    /// <summary>The axis that ends at or just above <paramref name="maximum"/>.</summary>
    public static NiceAxis UpTo(double maximum, int steps = 8)
    {
        if (!(maximum > 0))
            return new NiceAxis(0.25, 1);
        double power = Math.Pow(10, Math.Floor(Math.Log10(maximum / steps)));
        double step = power * 10;
        foreach (double factor in (ReadOnlySpan<double>)[1, 2, 5])
        {
            if (factor * power * steps >= maximum)
            {
                step = factor * power;
                break;
            }
        }

        return new NiceAxis(step, step * Math.Ceiling((maximum / step) - 1e-9));
    }

    public IEnumerable<double> Ticks()
    {
        for (int i = 0; i <= (int)Math.Round(Maximum / Step); i++)
            yield return i * Step;
    }

    public string Label(double tick) =>
        tick.ToString("F" + Math.Max(0, -(int)Math.Floor(Math.Log10(Step))).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
