using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Bench;

/// <summary>The calls that the comparison with other libraries times, over one batch read from files. Working memory is kept between calls.</summary>
internal sealed class PeerWorkloads : IPeerWorkloads
{
    private const double Margin = 0.2;

    private readonly PinnedMatrix _rows;
    private readonly PinnedMatrix _gradient;
    private readonly long[] _labels;
    private readonly MiningOptions _options;
    private readonly TripletMiner _miner = new();
    private readonly Dictionary<string, Func<long>> _byName;
    private Triplet[] _triplets = [];
    private long? _pairCapacity;

    public PeerWorkloads(string embeddings, string labels, int threads)
    {
        _rows = NpyFile.ReadMatrix(embeddings);
        _labels = NpyFile.ReadLabels(labels);
        _gradient = new PinnedMatrix(_rows.Rows, _rows.Columns);
        _options = new MiningOptions { Margin = Margin, Threads = threads };
        _byName = new Dictionary<string, Func<long>>
        {
            ["batch-hard"] = Mining(MiningRule.BatchHard, StatisticsLevel.Selected),
            ["batch-hard-full"] = Mining(MiningRule.BatchHard, StatisticsLevel.Full),
            ["semi-hard"] = Mining(MiningRule.SemiHard, StatisticsLevel.Selected),
            ["semi-hard-full"] = Mining(MiningRule.SemiHard, StatisticsLevel.Full),
            ["batch-all-loss"] = Loss,
            ["all-semi-hard"] = StreamSemiHard,
        };
    }

    public string Backend => _miner.Backend.Name;

    /// <summary>The workload: one call of it returns how many triplets it selected or summed over.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Func<long> this[string name] => _byName.TryGetValue(name, out Func<long>? workload)
        ? workload
        : throw new ArgumentException($"'{name}' is none of {string.Join(", ", _byName.Keys)}.", nameof(name));

    /// <summary>Runs a mining workload and writes what it selected: (anchor, positive, negative) as raw 64-bit integers.</summary>
    public long Write(string name, string path)
    {
        long count = this[name]();
        using BinaryWriter writer = new(File.Create(path));
        foreach (Triplet triplet in _triplets.AsSpan(0, (int)count))
        {
            writer.Write((long)triplet.Anchor);
            writer.Write((long)triplet.Positive);
            writer.Write((long)triplet.Negative);
        }

        return count;
    }

    public void Dispose()
    {
        _miner.Dispose();
        _gradient.Dispose();
        _rows.Dispose();
    }

    // The options are made once: a call that is timed allocates nothing of ours.
    private Func<long> Mining(MiningRule rule, StatisticsLevel statistics)
    {
        MiningOptions options = _options with { Rule = rule, Statistics = statistics };
        return () => Mine(options);
    }

    private long Mine(MiningOptions options)
    {
        long capacity = options.Rule == MiningRule.BatchHard ? _rows.Rows : _pairCapacity ??= _miner.Capacity(MiningInput.Batch(_rows.Span, _labels), options);
        if (_triplets.Length < capacity)
            _triplets = new Triplet[capacity];
        return _miner.Mine(_rows.Span, _labels, options, _triplets, out _);
    }

    private long Loss() =>
        _miner.BatchAllLoss(_rows.Span, _labels, _options, LossReduction.MeanNonZero, _gradient.Span).NonZeroTerms;

    private long StreamSemiHard()
    {
        MiningOptions options = _options with { Statistics = StatisticsLevel.Selected };
        return _miner.Stream(MiningInput.Batch(_rows.Span, _labels), TripletKind.SemiHard, options, NoConsumer.Instance).Selected;
    }

    private sealed class NoConsumer : ITripletConsumer
    {
        public static readonly NoConsumer Instance = new();

        public void Consume(ReadOnlySpan<Triplet> triplets)
        {
        }
    }
}
