using System.Diagnostics;
using System.Text.Json;

namespace Tercet.Bench;

/// <summary>
/// <c>peer-ours --embeddings X.npy --labels Y.npy [--threads T] [--calls R] [--ms M] [workload ...]</c>: times our workloads and prints one JSON line;
/// with <c>--gallery X.npy --queries Q.npy</c> those of the search in place of those of the mining, with <c>--roof</c> what the machine can do at most.
/// Without workloads it serves requests from standard input, one line each and one JSON line back, so that the comparison can have everybody's
/// data loaded and call everybody in turn: <c>time WORKLOAD CALLS MS WARM</c> or <c>check WORKLOAD FILE</c>.
/// </summary>
internal static class PeerVerb
{
    public static int Run(ReadOnlySpan<string> arguments)
    {
        string rows = "", others = "";
        bool search = false, roof = false;
        int threads = 1, calls = 5;
        double milliseconds = 200;
        List<string> names = [];
        for (int index = 0; index < arguments.Length; index++)
        {
            switch (arguments[index])
            {
                case "--embeddings": rows = arguments[++index]; break;
                case "--labels": others = arguments[++index]; break;
                case "--gallery": (rows, search) = (arguments[++index], true); break;
                case "--queries": others = arguments[++index]; break;
                case "--roof": roof = true; break;
                case "--threads": threads = int.Parse(arguments[++index]); break;
                case "--calls": calls = int.Parse(arguments[++index]); break;
                case "--ms": milliseconds = double.Parse(arguments[++index]); break;
                default: names.Add(arguments[index]); break;
            }
        }

        using IPeerWorkloads workloads = roof ? new RoofWorkloads(threads) : search ? new PeerSearchWorkloads(rows, others, threads) : new PeerWorkloads(rows, others, threads);
        if (names.Count > 0)
            Reply(names.Distinct().ToDictionary(name => name, name => Time(workloads, name, calls, milliseconds, warm: true)));
        else
            Serve(workloads);
        return 0;
    }

    private static void Serve(IPeerWorkloads workloads)
    {
        Reply(new { ready = true, version = $".NET {Environment.Version}, {workloads.Backend}" });
        while (Console.ReadLine() is { } line)
        {
            string[] request = line.Split(' ');
            try
            {
                if (request[0] == "time")
                    Reply(Time(workloads, request[1], int.Parse(request[2]), double.Parse(request[3]), warm: request[4] == "1"));
                else
                    Reply(new { count = workloads.Write(request[1], request[2]) });
            }
            catch (Exception exception) when (exception is ArgumentException or OutOfMemoryException)
            {
                Reply(new { error = exception.Message });
            }
        }
    }

    /// <summary>When warm one call untimed; then at least so many calls and at least so long.</summary>
    private static object Time(IPeerWorkloads workloads, string name, int calls, double milliseconds, bool warm)
    {
        Func<long> workload = workloads[name];
        long count = warm ? workload() : 0;
        List<double> times = new(100_000);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        do
        {
            long begin = Stopwatch.GetTimestamp();
            count = workload();
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }
        while (times.Count < calls || Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds);

        processor = Environment.CpuUsage.TotalTime - processor;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        times.Sort();
        return new
        {
            count,
            calls = times.Count,
            ms = times[times.Count / 2],
            min_ms = times[0],
            cpu_ms = processor.TotalMilliseconds / times.Count,
            allocated = allocated / times.Count,
            peak_mib = PeakMemory(),
        };
    }

    // The process's highest resident size, where the system tells it.
    private static long PeakMemory()
    {
        const string Status = "/proc/self/status";
        string? line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? Process.GetCurrentProcess().PeakWorkingSet64 >> 20 : long.Parse(line.AsSpan(6, line.Length - 6 - 3)) >> 10;
    }

    private static void Reply(object reply)
    {
        Console.WriteLine(JsonSerializer.Serialize(reply));
        Console.Out.Flush();
    }
}
