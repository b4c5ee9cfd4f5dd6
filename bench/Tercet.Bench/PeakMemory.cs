using System.Globalization;

namespace Tercet.Bench;

/// <summary>Watches how much resident memory of the process no file stands behind, every millisecond, and keeps the most.</summary>
internal sealed class PeakMemory : IDisposable
{
    private readonly long _before;
    private readonly Thread _thread;
    private volatile bool _stop;
    private long _most;

    public PeakMemory()
    {
        GC.Collect();
        _before = Now();
        _most = _before;
        _thread = new Thread(() =>
        {
            while (!_stop)
            {
                _most = Math.Max(_most, Now());
                Thread.Sleep(1);
            }
        });
        _thread.Start();
    }

    /// <summary>The most so far above what there was at the beginning, in MiB.</summary>
    public double Megabytes => (Math.Max(_most, Now()) - _before) / 1024.0;

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    private static long Now()
    {
        string line = File.ReadLines("/proc/self/status").First(each => each.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
