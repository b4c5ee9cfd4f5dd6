using BenchmarkDotNet.Attributes;
using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>The loss over all valid triplets, its value alone and with its gradient.</summary>
public class BatchAllLossBenchmark : MiningBenchmark
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
        _options = new MiningOptions { Threads = Threads };
    }

    [Benchmark]
    public LossResult Value() => Evaluate(default);

    [Benchmark(Baseline = true)]
    public LossResult ValueAndGradient() => Evaluate(Gradient.Span);

    private LossResult Evaluate(Span2D<float> gradient) =>
        Miner.BatchAllLoss(Batch.Rows.Span, Batch.Labels, _options, LossReduction.MeanNonZero, gradient);
}
