namespace Tercet.Load.Targets;

/// <summary>How long one stage took, in milliseconds.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Count">How often it was measured.</param>
/// <param name="P50">The median.</param>
/// <param name="P99">99 % took no longer.</param>
/// <param name="P999">99.9 % took no longer.</param>
internal sealed record StageTimes(string Stage, long Count, double P50, double P99, double P999)
{
    /// <summary>The instruments that measure stages, and what the stages are called here.</summary>
    public static IReadOnlyList<(string Instrument, string Stage)> Instruments { get; } =
    [
        ("tercet.queue.duration", "queue"), ("tercet.decode.duration", "decode"), ("tercet.batch.wait.duration", "batch wait"), ("tercet.forward.duration", "inference"),
    ];
}
