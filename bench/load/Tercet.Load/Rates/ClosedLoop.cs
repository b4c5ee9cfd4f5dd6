using System.Diagnostics;
using Tercet.Load.Targets;

namespace Tercet.Load.Rates;

/// <summary>Some callers, each of whom asks again when answered: what a target can do, and how long one request takes alone.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs for some time and measures the second half of it.</summary>
    /// <returns>Answers a second, and their times.</returns>
    public static async Task<(double PerSecond, LatencyHistogram Latencies)> Run(ITarget target, int callers, double seconds)
    {
        LatencyHistogram latencies = new();
        long start = Stopwatch.GetTimestamp();
        long half = start + (long)(seconds / 2 * Stopwatch.Frequency);
        long end = start + (long)(seconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            float[] embedding = new float[target.Dimension];
            for (int input = caller; ; input += callers)
            {
                long sent = Stopwatch.GetTimestamp();
                if (sent >= end)
                    return;
                Outcome outcome = await target.Send(input, embedding);
                long now = Stopwatch.GetTimestamp();
                if (outcome == Outcome.Answered && now >= half && now < end)
                    latencies.RecordTicks(now - sent);
            }
        })));
        return (latencies.Count / (seconds / 2), latencies);
    }
}
