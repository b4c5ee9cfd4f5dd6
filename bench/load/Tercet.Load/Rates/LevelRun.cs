using Tercet.Load.Targets;

namespace Tercet.Load.Rates;

/// <summary>What became of each request of a level. Times are ticks of the stopwatch.</summary>
internal sealed class LevelRun(long start, long[] due)
{
    /// <summary>When the level began.</summary>
    public long Start { get; } = start;

    /// <summary>When each request was to come, from the start on.</summary>
    public long[] Due { get; } = due;

    /// <summary>When it was sent, from the start on.</summary>
    public long[] Sent { get; } = new long[due.Length];

    /// <summary>When it ended, from the start on.</summary>
    public long[] Ended { get; } = new long[due.Length];

    /// <summary>How it ended.</summary>
    public Outcome[] Outcomes { get; } = new Outcome[due.Length];

    /// <summary>The target's memory before the first request.</summary>
    public long BytesBefore { get; set; }

    /// <summary>The most that was seen of it.</summary>
    public long BytesMost { get; set; }

    /// <summary>How many requests ended so, of those due at <paramref name="from"/> or later.</summary>
    public int Count(Outcome outcome, long from = 0)
    {
        int count = 0;
        for (int i = 0; i < Due.Length; i++)
            count += Outcomes[i] == outcome && Due[i] >= from ? 1 : 0;
        return count;
    }

    /// <summary>Times of the requests of an outcome from when they were to come, so that a generator or a target that holds back the next request hides nothing.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <param name="from">Leaves out what was due earlier; ticks from the start on.</param>
    public LatencyHistogram Latencies(Outcome outcome, long from = 0)
    {
        LatencyHistogram histogram = new();
        for (int i = 0; i < Due.Length; i++)
        {
            if (Outcomes[i] == outcome && Due[i] >= from)
                histogram.RecordTicks(Ended[i] - Due[i]);
        }

        return histogram;
    }

    /// <summary>How late requests were sent.</summary>
    public LatencyHistogram Lateness()
    {
        LatencyHistogram histogram = new();
        for (int i = 0; i < Due.Length; i++)
            histogram.RecordTicks(Sent[i] - Due[i]);
        return histogram;
    }
}
