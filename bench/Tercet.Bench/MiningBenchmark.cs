using BenchmarkDotNet.Attributes;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>What the mining benchmarks share: the batch, the miner in one vector width, and a list long enough for every pair.</summary>
[MemoryDiagnoser]
public abstract class MiningBenchmark
{
    private Batch? _batch;
    private TripletMiner? _miner;
    private CpuBackend? _backend;
    private PinnedMatrix? _gradient;
    private Triplet[] _triplets = [];

    [ParamsSource(nameof(SupportedLanes))]
    public CpuLanes Lanes { get; set; }

    public static IEnumerable<CpuLanes> SupportedLanes => CpuBackend.SupportedLanes;

    private protected Batch Batch => _batch!;

    private protected TripletMiner Miner => _miner!;

    private protected PinnedMatrix Gradient => _gradient!;

    [GlobalCleanup]
    public void Cleanup()
    {
        _miner?.Dispose();
        _backend?.Dispose();
        _batch?.Dispose();
        _gradient?.Dispose();
    }

    private protected void Prepare(int rows, int columns)
    {
        _batch = Batch.Create(rows, columns);
        _gradient = new PinnedMatrix(rows, columns);
        _backend = new CpuBackend(Lanes);
        _miner = new TripletMiner(_backend);
        _triplets = new Triplet[(long)rows * Batch.RowsPerIdentity];
    }

    private protected int Mine(MiningOptions options) =>
        Miner.Mine(Batch.Rows.Span, Batch.Labels, options, _triplets, out _);
}
