namespace Tercet.Load.Rates;

/// <summary>How a target is put under load.</summary>
/// <param name="Factors">Multiples of the capacity.</param>
/// <param name="IsPoisson">Whether arrivals are a Poisson process; else their rate is fixed.</param>
/// <param name="Seconds">How long each level is.</param>
/// <param name="Rounds">How often the levels up to 0.8 are run, in turn: on a machine that others use the median of their 99th percentiles says more than one.</param>
/// <param name="Callers">Callers at the same time while the capacity is measured.</param>
/// <param name="Deadline">The deadline that the target was given.</param>
/// <param name="Seed">Of the Poisson process.</param>
internal sealed record RatesPlan(double[] Factors, bool IsPoisson, double Seconds, int Rounds, int Callers, TimeSpan Deadline, int Seed)
{
    public double Storm => Factors.Max();
}
