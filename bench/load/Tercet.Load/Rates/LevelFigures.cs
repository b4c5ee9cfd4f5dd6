using Tercet.Load.Targets;

namespace Tercet.Load.Rates;

/// <summary>One level in numbers. Times in milliseconds, from when a request was due.</summary>
internal sealed record LevelFigures(
    string Name, double Offered, int Sent, int Answered, int Refused, int Failed, int Lost, double P50, double P99, double P999, double RefusedP50, double RefusedP99,
    double LatenessP99, IReadOnlyList<StageTimes> Stages, double MebibytesBefore, double MebibytesMost)
{
    private const double Mebibyte = 1 << 20;

    public static LevelFigures Of(string name, double offered, LevelRun run, IReadOnlyList<StageTimes> stages)
    {
        LatencyHistogram answered = run.Latencies(Outcome.Answered);
        LatencyHistogram refused = run.Latencies(Outcome.Refused);
        return new LevelFigures(
            name, offered, run.Due.Length, run.Count(Outcome.Answered), run.Count(Outcome.Refused), run.Count(Outcome.Failed), run.Count(Outcome.None),
            answered.Percentile(50), answered.Percentile(99), answered.Percentile(99.9), refused.Percentile(50), refused.Percentile(99),
            run.Lateness().Percentile(99), stages, run.BytesBefore / Mebibyte, run.BytesMost / Mebibyte);
    }
}
