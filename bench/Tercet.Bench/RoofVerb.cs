using System.Text.Json;
using Tercet.Backends.Cpu;

namespace Tercet.Bench;

/// <summary><c>roof [threads]</c>: what the machine can do at most, as one JSON line. Pin the process to the cores that are to be measured.</summary>
internal static class RoofVerb
{
    private const int BufferFloats = 256 << 20;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        int threads = arguments.IsEmpty ? 1 : int.Parse(arguments[0]);
        double arithmetic = OnEach(threads, () => PeakArithmetic.Measure(seconds: 0.5));
        double reading = OnEach(threads, () => ReadBandwidth.Measure(BufferFloats / threads, seconds: 1.5));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            threads,
            lanes = CpuBackend.SupportedLanes[0].ToString(),
            gflops = Math.Round(arithmetic, 1),
            read_gb_s = Math.Round(reading, 2),
        }));
        return 0;
    }

    private static double OnEach(int threads, Func<double> measure)
    {
        double[] results = new double[threads];
        using Barrier start = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            results[index] = measure();
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return results.Sum();
    }
}
