using System.Diagnostics;
using System.Text.Json;
using Tercet.Backends.Cpu;

namespace Tercet.Bench;

/// <summary><c>roof [threads]</c>: the best that the machine did within a second or two, as one JSON line. Pin the process to the cores that are to be measured.</summary>
internal static class RoofVerb
{
    public static int Run(ReadOnlySpan<string> arguments)
    {
        int threads = arguments.IsEmpty ? 1 : int.Parse(arguments[0]);
        using RoofWorkloads roof = new(threads);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            threads,
            lanes = CpuBackend.SupportedLanes[0].ToString(),
            gflops = Math.Round(PerSecond(roof["multiply-add"], seconds: 0.5) / 1e9, 1),
            read_gb_s = Math.Round(sizeof(float) * PerSecond(roof["stream"], seconds: 1.5) / 1e9, 2),
        }));
        return 0;
    }

    // The most that one call of several did.
    private static double PerSecond(Func<long> workload, double seconds)
    {
        double best = 0;
        long start = Stopwatch.GetTimestamp();
        do
        {
            long begin = Stopwatch.GetTimestamp();
            long done = workload();
            best = Math.Max(best, done / Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return best;
    }
}
