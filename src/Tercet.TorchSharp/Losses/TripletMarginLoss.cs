using Tercet.Mining;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>
/// The triplet loss, Σ max(0, d(a,p) − d(a,n) + α) or its soft form Σ ln(1 + exp(d(a,p) − d(a,n))), with pytorch-metric-learning's names and defaults: margin 0.05 on
/// ‖x − y‖ of normalised rows, mean over the terms above zero. Value and gradient are the engine's, handed to autograd. Without a miner all valid triplets
/// count, exactly and without being listed.
/// </summary>
public sealed class TripletMarginLoss : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly TripletMiner _engine = new();

    /// <summary>Makes a loss.</summary>
    /// <param name="margin">The margin α in the distance's unit; not used by the soft form.</param>
    /// <param name="smoothLoss">The soft form (Hermans et al. 2017); needs triplets from a miner.</param>
    /// <param name="distance">The distance; <see langword="null"/> means <see cref="EmbeddingDistance.Lp"/>.</param>
    /// <param name="reducer">How terms become one number.</param>
    /// <param name="negativeOnlyLabel">Without a miner: rows of this label are only ever negatives.</param>
    /// <exception cref="ArgumentOutOfRangeException">The margin is negative or not finite.</exception>
    public TripletMarginLoss(double margin = 0.05, bool smoothLoss = false, EmbeddingDistance? distance = null, LossReduction reducer = LossReduction.MeanNonZero, long? negativeOnlyLabel = null)
        : base(nameof(TripletMarginLoss))
    {
        if (!double.IsFinite(margin) || margin < 0)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be finite and not negative.");
        Margin = margin;
        SmoothLoss = smoothLoss;
        Distance = distance ?? EmbeddingDistance.Lp;
        Reducer = reducer;
        NegativeOnlyLabel = negativeOnlyLabel;
    }

    /// <summary>The margin α.</summary>
    public double Margin { get; }

    /// <summary>Whether it is the soft form.</summary>
    public bool SmoothLoss { get; }

    /// <summary>The distance.</summary>
    public EmbeddingDistance Distance { get; }

    /// <summary>How terms become one number.</summary>
    public LossReduction Reducer { get; }

    /// <summary>The label whose rows are only ever negatives.</summary>
    public long? NegativeOnlyLabel { get; }

    /// <summary>Value and numbers of terms of the last call.</summary>
    public LossResult Last { get; private set; }

    /// <summary>The loss over all valid triplets of a batch.</summary>
    /// <param name="embeddings">The batch, float32 <c>[N, D]</c>.</param>
    /// <param name="labels">Its labels, whole numbers <c>[N]</c>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or a row holds NaN or infinity.</exception>
    /// <exception cref="InvalidOperationException">The soft form without a miner.</exception>
    public override Tensor forward(Tensor embeddings, Tensor labels)
    {
        if (SmoothLoss)
            throw new InvalidOperationException($"The soft form over all triplets is not computed; pass what a miner found to {nameof(forward)}(embeddings, triplets).");
        TensorRows.CheckEmbeddings(embeddings);
        using IDisposable scope = NewDisposeScope();
        Tensor rows = Scaled(embeddings);
        using TensorRows view = new(rows, labels);
        Tensor gradient = torch.zeros_like(rows, device: CPU);
        MiningOptions options = new() { Metric = Distance.Metric, Margin = Margin, NegativeOnlyLabel = NegativeOnlyLabel };
        Last = _engine.BatchAllLoss(view.Rows, view.Labels, options, Reducer, TensorRows.Writable(gradient));
        return GradientBridge.Scalar(rows, gradient, Last.Value).MoveToOuterDisposeScope();
    }

    /// <summary>The loss over the triplets that a miner found.</summary>
    /// <param name="embeddings">The batch, float32 <c>[N, D]</c>.</param>
    /// <param name="triplets">Triplets of rows of this batch; the distances they carry are not used.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The tensor has another shape or type, a row holds NaN or infinity, or a triplet names a row that does not exist.</exception>
    public Tensor forward(Tensor embeddings, MinedTriplets triplets)
    {
        TensorRows.CheckEmbeddings(embeddings);
        using IDisposable scope = NewDisposeScope();
        Tensor rows = Scaled(embeddings);
        Tensor dense = Detached(rows);
        Tensor gradient = torch.zeros_like(dense);
        Last = SmoothLoss
            ? TripletLoss.EvaluateSoftMargin(TensorRows.View(dense), triplets.Triplets.Span, Distance.Metric, Reducer, TensorRows.Writable(gradient))
            : TripletLoss.Evaluate(TensorRows.View(dense), triplets.Triplets.Span, Distance.Metric, Margin, Reducer, TensorRows.Writable(gradient));
        return GradientBridge.Scalar(rows, gradient, Last.Value).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _engine.Dispose();
        base.Dispose(disposing);
    }

    private Tensor Scaled(Tensor embeddings) => Distance.NormalizeEmbeddings ? nn.functional.normalize(embeddings) : embeddings;

    private static Tensor Detached(Tensor rows)
    {
        using IDisposable scope = NewDisposeScope();
        return TensorRows.Dense(rows);
    }
}
