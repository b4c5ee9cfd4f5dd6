using Tercet.Mining;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>
/// A miner on TorchSharp tensors. A contiguous float32 matrix on the CPU is mined where it lies, without a copy (unless rows are to be normalised, or lie on
/// another device). No gradient flows through a miner: it only selects. Not safe to use from several threads at once.
/// </summary>
public abstract class TorchMiner : IDisposable
{
    private Triplet[] _triplets = [];

    /// <summary>Makes a miner.</summary>
    /// <param name="options">The rule, metric, margin and the rest.</param>
    /// <param name="miner">The engine's miner to use, which stays the caller's; <see langword="null"/> means one of its own on the CPU.</param>
    protected TorchMiner(MiningOptions options, TripletMiner? miner)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        OwnsEngine = miner is null;
        Engine = miner ?? new TripletMiner();
    }

    /// <summary>What is mined, and how.</summary>
    public MiningOptions Options { get; protected set; }

    /// <summary>The engine behind it.</summary>
    protected TripletMiner Engine { get; }

    private bool OwnsEngine { get; }

    /// <summary>Selects triplets of a batch.</summary>
    /// <param name="embeddings">The batch, float32 <c>[N, D]</c>; its history is not looked at.</param>
    /// <param name="labels">Its labels, whole numbers <c>[N]</c>.</param>
    /// <returns>The triplets, valid until the next call.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or a row holds NaN or infinity.</exception>
    public MinedTriplets Mine(Tensor embeddings, Tensor labels)
    {
        using TensorRows rows = new(embeddings, labels);
        MiningInput input = MiningInput.Batch(rows.Rows, rows.Labels);
        int count = MineInto(input, ref _triplets, out MiningStatistics statistics);
        return new MinedTriplets(_triplets.AsMemory(0, count), statistics);
    }

    /// <summary>Selects the triplets.</summary>
    /// <param name="input">The batch.</param>
    /// <param name="triplets">Receives them; replaced by a longer array where they do not fit.</param>
    /// <param name="statistics">What was found beside them.</param>
    /// <returns>Their number.</returns>
    protected virtual int MineInto(MiningInput input, ref Triplet[] triplets, out MiningStatistics statistics)
    {
        long capacity = Engine.Capacity(input, Options);
        if (capacity > triplets.Length)
            triplets = new Triplet[capacity];
        return Engine.Mine(input, Options, triplets, out statistics);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the engine's miner where it is this object's own.</summary>
    /// <param name="disposing">Whether it is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && OwnsEngine)
            Engine.Dispose();
    }

    /// <summary>The engine's options for a distance.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="distance">The distance; <see langword="null"/> means <see cref="EmbeddingDistance.Lp"/>.</param>
    /// <param name="margin">The margin in the distance's unit.</param>
    protected static MiningOptions OptionsFor(MiningRule rule, EmbeddingDistance? distance, double margin = 0.2)
    {
        distance ??= EmbeddingDistance.Lp;
        return new MiningOptions { Rule = rule, Metric = distance.Metric, Margin = margin, Normalize = distance.NormalizeEmbeddings };
    }
}
