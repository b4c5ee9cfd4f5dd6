using System.Diagnostics;
using Tercet.Backends;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary>Calls the miner as often as asked, times each kind of call by itself, and gives the rows of one call to a sink.</summary>
/// <param name="Rule">The rule on the command line.</param>
/// <param name="Options">The engine's options.</param>
/// <param name="Epsilon">The slack of the multi-similarity rule.</param>
/// <param name="Repeat">Number of timed calls, 1 or more.</param>
/// <param name="Statistics">Whether to count all valid triplets in one further call.</param>
internal sealed record MiningPlan(RuleName Rule, MiningOptions Options, double Epsilon, int Repeat, StatisticsLevel Statistics)
{
    private const int WriteChunk = 1 << 16;

    /// <summary>Mines.</summary>
    /// <param name="files">The rows.</param>
    /// <param name="backend">Where distances are computed.</param>
    /// <param name="sink">Receives the rows of the first timed call.</param>
    /// <param name="cancellationToken">Stops between tiles and between chunks of output.</param>
    public MiningOutcome Run(MiningFiles files, IMiningBackend backend, TripletSink sink, CancellationToken cancellationToken)
    {
        using TripletMiner miner = new(backend);
        MiningOptions timed = Options with { Statistics = StatisticsLevel.Selected };
        double[] milliseconds = new double[Repeat];
        MiningStatistics statistics = RuleTable.Selection(Rule) is null
            ? Stream(miner, files, timed, milliseconds, sink, cancellationToken)
            : Select(miner, files, timed, milliseconds, sink, cancellationToken);
        Array.Sort(milliseconds);

        double? statisticsMs = null;
        if (Statistics == StatisticsLevel.Full)
        {
            long start = Stopwatch.GetTimestamp();
            statistics = Count(miner, files, cancellationToken);
            statisticsMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return new MiningOutcome(statistics, Median(milliseconds), statisticsMs);
    }

    private static double Median(double[] sorted) =>
        (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static PinnedBuffer<Triplet> Room(TripletMiner miner, MiningFiles files, MiningOptions options)
    {
        long capacity = miner.Capacity(files.Input, options);
        return capacity <= int.MaxValue
            ? new PinnedBuffer<Triplet>((int)capacity)
            : throw new TercetException($"{files.Names}: the rule selects up to {capacity} triplets, more than one call can hold; rules all, hard, semihard and easy stream theirs");
    }

    private static MiningStatistics Select(TripletMiner miner, MiningFiles files, MiningOptions options, double[] milliseconds, TripletSink sink, CancellationToken cancellationToken)
    {
        using PinnedBuffer<Triplet> triplets = Room(miner, files, options);
        MiningStatistics statistics = default;
        int count = 0;
        for (int call = 0; call < milliseconds.Length; call++)
        {
            long start = Stopwatch.GetTimestamp();
            count = miner.Mine(files.Input, options, triplets.Span, out statistics, cancellationToken);
            milliseconds[call] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        for (int done = 0; done < count; done += WriteChunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sink.Consume(triplets.Span[done..Math.Min(count, done + WriteChunk)]);
        }

        return statistics;
    }

    private MiningStatistics Stream(TripletMiner miner, MiningFiles files, MiningOptions options, double[] milliseconds, TripletSink sink, CancellationToken cancellationToken)
    {
        MiningStatistics statistics = default;
        using NoTripletSink nothing = new();
        for (int call = 0; call < milliseconds.Length; call++)
        {
            TripletSink target = call == 0 ? sink : nothing;
            double written = target.ElapsedMs;
            long start = Stopwatch.GetTimestamp();
            statistics = StreamOnce(miner, files, options, target, cancellationToken);
            milliseconds[call] = Stopwatch.GetElapsedTime(start).TotalMilliseconds - (target.ElapsedMs - written);
        }

        return statistics;
    }

    private MiningStatistics StreamOnce(TripletMiner miner, MiningFiles files, MiningOptions options, TripletSink target, CancellationToken cancellationToken) =>
        RuleTable.Stream(Rule) is { } kind
            ? miner.Stream(files.Input, kind, options, target, cancellationToken)
            : miner.StreamPairs(files.Input, Epsilon, options, target.Consume, cancellationToken);

    private MiningStatistics Count(TripletMiner miner, MiningFiles files, CancellationToken cancellationToken)
    {
        MiningOptions full = Options with { Statistics = StatisticsLevel.Full };
        if (RuleTable.Selection(Rule) is null)
        {
            using NoTripletSink nothing = new();
            return StreamOnce(miner, files, full, nothing, cancellationToken);
        }

        using PinnedBuffer<Triplet> triplets = Room(miner, files, full);
        miner.Mine(files.Input, full, triplets.Span, out MiningStatistics statistics, cancellationToken);
        return statistics;
    }
}
