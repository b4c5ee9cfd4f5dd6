using BenchmarkDotNet.Attributes;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>The rules that select one triplet for every anchor-positive pair, with and without the exact counts.</summary>
public class PairRulesBenchmark : MiningBenchmark
{
    private MiningOptions _options = new();

    [Params(1800, 8192)]
    public int N { get; set; }

    [Params(128, 512)]
    public int D { get; set; }

    [Params(MiningRule.HardNegative, MiningRule.SemiHard, MiningRule.RandomSemiHard, MiningRule.RandomHard, MiningRule.DistanceWeighted)]
    public MiningRule Rule { get; set; }

    [Params(StatisticsLevel.Selected, StatisticsLevel.Full)]
    public StatisticsLevel Statistics { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Prepare(N, D);
        _options = new MiningOptions { Rule = Rule, Statistics = Statistics, Threads = Threads };
    }

    [Benchmark]
    public int Mine() => Mine(_options);
}
