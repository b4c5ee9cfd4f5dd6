using BenchmarkDotNet.Attributes;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>A batch so small that what a call costs beside its arithmetic shows.</summary>
public class SmallBatchBenchmark : MiningBenchmark
{
    private const int RowCount = 128;

    private MiningOptions _options = new();

    [Params(128, 512)]
    public int D { get; set; }

    [Params(MiningRule.BatchHard, MiningRule.SemiHard)]
    public MiningRule Rule { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Prepare(RowCount, D);
        _options = new MiningOptions { Rule = Rule, Statistics = StatisticsLevel.Selected, Threads = Threads };
    }

    [Benchmark]
    public int Mine() => Mine(_options);
}
