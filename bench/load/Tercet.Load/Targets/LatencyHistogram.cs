using System.Diagnostics;
using HdrHistogram;

namespace Tercet.Load.Targets;

/// <summary>Times from a microsecond to ten minutes, to three digits.</summary>
internal sealed class LatencyHistogram
{
    private const long Most = 600_000_000;
    private const int Digits = 3;

    private readonly HistogramBase _microseconds = HistogramFactory.With64BitBucketSize().WithValuesUpTo(Most).WithPrecisionOf(Digits).WithThreadSafeWrites().Create();

    public long Count => _microseconds.TotalCount;

    public void RecordTicks(long ticks) => RecordSeconds((double)ticks / Stopwatch.Frequency);

    public void RecordSeconds(double seconds) => _microseconds.RecordValue(Math.Clamp((long)(seconds * 1e6), 1, Most));

    public void Reset() => _microseconds.Reset();

    /// <summary>The time, in milliseconds, that so many percent kept; NaN where there was nothing.</summary>
    public double Percentile(double percent) => Count == 0 ? double.NaN : _microseconds.GetValueAtPercentile(percent) / 1e3;

    public StageTimes ToTimes(string stage) => new(stage, Count, Percentile(50), Percentile(99), Percentile(99.9));
}
