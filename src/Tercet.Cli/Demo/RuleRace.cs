using System.Diagnostics;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Mining;

namespace Tercet.Cli.Demo;

/// <summary>Mines the faces with every rule in turn; the multi-similarity rule takes the margin for its slack ε.</summary>
internal sealed class RuleRace(TripletMiner miner, FaceSet faces, double margin, int threads)
{
    private const int TimedCalls = 15;

    /// <summary>Runs every rule once to be counted and several times to be timed.</summary>
    public IReadOnlyList<DemoRuleJson> Run(CancellationToken cancellationToken)
    {
        List<DemoRuleJson> results = [];
        foreach ((string name, RuleName rule) in RuleTable.Mining)
        {
            RuleTally tally = new(margin);
            MiningStatistics statistics = Once(rule, tally, cancellationToken);
            bool pairs = rule == RuleName.MultiSimilarity;
            results.Add(new DemoRuleJson
            {
                Rule = name,
                Selects = pairs ? "pairs" : "triplets",
                Selected = statistics.Selected,
                Hard = pairs ? null : tally.Hard,
                SemiHard = pairs ? null : tally.SemiHard,
                Easy = pairs ? null : tally.Easy,
                MeanPositiveDistance = statistics.MeanPositiveDistance,
                MeanNegativeDistance = statistics.MeanNegativeDistance,
                MineMs = Time(rule, cancellationToken),
            });
        }

        return results;
    }

    /// <summary>The triplets of batch-hard that are closest to a mistake, least gap first, one for each hard positive so that one bad picture does not fill the page.</summary>
    public IReadOnlyList<Triplet> Hardest(int most, CancellationToken cancellationToken)
    {
        Triplet[] triplets = new Triplet[faces.Labels.Length];
        int count = miner.Mine(faces.Rows.Span, faces.Labels, Options(MiningRule.BatchHard), triplets, out _, cancellationToken);
        return
        [
            .. triplets[..count]
                .OrderBy(triplet => triplet.NegativeDistance - triplet.PositiveDistance)
                .DistinctBy(triplet => triplet.Positive)
                .Take(most),
        ];
    }

    /// <summary>The farthest pairs of one person, or the nearest pairs of two.</summary>
    public IReadOnlyList<DemoPairJson> HardestPairs(bool same, int most, CancellationToken cancellationToken)
    {
        // With slack without end the multi-similarity rule keeps every pair.
        List<MinedPair> pairs = [];
        miner.StreamPairs(MiningInput.Batch(faces.Rows.Span, faces.Labels), 1e9, Options(MiningRule.SemiHard), pairs.Add, cancellationToken);
        return
        [
            .. pairs.Where(pair => pair.IsPositive == same && pair.Anchor < pair.Other)
                .OrderBy(pair => same ? -pair.Distance : pair.Distance)
                .Take(most)
                .Select(pair => new DemoPairJson(faces.Name(pair.Anchor), faces.Name(pair.Other), pair.Distance, 1 - (pair.Distance / 2.0))),
        ];
    }

    private double Time(RuleName rule, CancellationToken cancellationToken)
    {
        double[] milliseconds = new double[TimedCalls];
        for (int call = 0; call < TimedCalls; call++)
        {
            long start = Stopwatch.GetTimestamp();
            Once(rule, new RuleTally(margin), cancellationToken);
            milliseconds[call] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(milliseconds);
        return milliseconds[TimedCalls / 2];
    }

    private MiningStatistics Once(RuleName rule, RuleTally tally, CancellationToken cancellationToken)
    {
        MiningInput input = MiningInput.Batch(faces.Rows.Span, faces.Labels);
        MiningOptions options = Options(RuleTable.Selection(rule) ?? MiningRule.SemiHard);
        if (RuleTable.Stream(rule) is { } kind)
            return miner.Stream(input, kind, options, tally, cancellationToken);
        if (rule == RuleName.MultiSimilarity)
            return miner.StreamPairs(input, margin, options, _ => { }, cancellationToken);
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        int count = miner.Mine(input, options, triplets, out MiningStatistics statistics, cancellationToken);
        tally.Consume(triplets.AsSpan(0, count));
        return statistics;
    }

    private MiningOptions Options(MiningRule rule) => new() { Rule = rule, Margin = margin, Threads = threads, Statistics = StatisticsLevel.Selected };
}
