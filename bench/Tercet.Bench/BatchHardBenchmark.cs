using BenchmarkDotNet.Attributes;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>One triplet an anchor, nothing counted beside it: the product of half the matrix, and its extremes.</summary>
public class BatchHardBenchmark : MiningBenchmark
{
    private MiningOptions _options = new();

    [Params(1800, 8192)]
    public int N { get; set; }

    [Params(128, 512)]
    public int D { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Prepare(N, D);
        _options = new MiningOptions { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected, Threads = Threads };
    }

    [Benchmark]
    public int Mine() => Mine(_options);
}
