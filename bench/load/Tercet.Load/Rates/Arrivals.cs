using System.Diagnostics;

namespace Tercet.Load.Rates;

/// <summary>When requests are to come, whatever becomes of those before.</summary>
internal static class Arrivals
{
    /// <summary>At a fixed rate.</summary>
    /// <returns>Ticks of the stopwatch from the start.</returns>
    public static long[] Fixed(double perSecond, double seconds)
    {
        long[] due = new long[Math.Max(1, (long)(perSecond * seconds))];
        for (int i = 0; i < due.Length; i++)
            due[i] = (long)(i / perSecond * Stopwatch.Frequency);
        return due;
    }

    /// <summary>As a Poisson process: independent of each other.</summary>
    /// <returns>Ticks of the stopwatch from the start.</returns>
    public static long[] Poisson(double perSecond, double seconds, int seed)
    {
        Random random = new(seed);
        List<long> due = [];
        for (double at = 0; at < seconds; at -= Math.Log(1 - random.NextDouble()) / perSecond)
            due.Add((long)(at * Stopwatch.Frequency));
        return [.. due];
    }
}
