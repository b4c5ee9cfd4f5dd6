using System.Diagnostics;
using System.Text.Json;
using TorchPeer;
using TorchSharp;

// TorchPeer X.npy Y.npy THREADS: the protocol of `peer-ours`, served by PyTorch's own library; mining where Y holds labels, the bare product Y·Xᵀ where it
// holds queries.
torch.set_num_threads(int.Parse(args[2]));
NpyArray rows = NpyArray.Read(args[0]), others = NpyArray.Read(args[1]);
Workloads? mining = others.Shape.Length == 1 ? new(rows, others) : null;
Func<string, long> run = mining is null ? new GalleryProduct(rows, others).Run : mining.Run;
Reply(new { ready = true, version = $"libtorch 2.10.0, TorchSharp 0.107.0, {torch.get_num_threads()} threads" });

while (Console.ReadLine() is { } line)
{
    string[] request = line.Split(' ');
    try
    {
        if (request[0] == "time")
            Reply(Time(request[1], int.Parse(request[2]), double.Parse(request[3]), request[4] == "1"));
        else
            Reply(new { count = mining!.Write(request[1], request[2]) });
    }
    catch (Exception exception)
    {
        Reply(new { error = exception.Message.Split('\n')[0] });
    }
}

// When warm one call untimed; then at least so many calls and at least so long.
object Time(string name, int calls, double milliseconds, bool warm)
{
    long count = warm ? run(name) : 0;
    List<double> times = [];
    TimeSpan processor = Environment.CpuUsage.TotalTime;
    long start = Stopwatch.GetTimestamp();
    do
    {
        long begin = Stopwatch.GetTimestamp();
        count = run(name);
        times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
    }
    while (times.Count < calls || Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds);
    processor = Environment.CpuUsage.TotalTime - processor;
    times.Sort();
    return new { count, calls = times.Count, ms = times[times.Count / 2], min_ms = times[0], cpu_ms = processor.TotalMilliseconds / times.Count, peak_mib = Process.GetCurrentProcess().PeakWorkingSet64 >> 20 };
}

void Reply(object reply)
{
    Console.WriteLine(JsonSerializer.Serialize(reply));
    Console.Out.Flush();
}
