using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>The triplet loss over all valid triplets without listing them, and its gradient.</summary>
internal sealed class BatchAllProgram : IMiningProgram, IDisposable
{
    private PinnedBuffer<float> _gradient = new(0);
    private RowLayout _layout = null!;
    private double _margin;
    private int _depth;
    private bool _wantsGradient;

    /// <summary>Sum of the terms.</summary>
    public double Loss { get; private set; }

    /// <summary>Number of terms above zero.</summary>
    public long NonZeroTerms { get; private set; }

    /// <summary>Sets the program up for one call. The layout must be the symmetric one of every row.</summary>
    public void Prepare(RowLayout layout, MiningOptions options, int depth, bool wantsGradient)
    {
        (_layout, _margin, _depth, _wantsGradient) = (layout, options.Margin, depth, wantsGradient);
        if (wantsGradient)
            PinnedBuffer.Grow(ref _gradient, (long)layout.GalleryCount * depth);
    }

    /// <inheritdoc/>
    public void Run(IMiningKernels kernels)
    {
        Span<float> gradient = _wantsGradient ? _gradient.Span[..(_layout.GalleryCount * _depth)] : default;
        Loss = kernels.SumTerms(_margin, gradient, out long nonZeroTerms);
        NonZeroTerms = nonZeroTerms;
    }

    /// <summary>Writes the gradient times a factor.</summary>
    public void CopyGradient(double factor, Span2D<float> gradient)
    {
        ReadOnlySpan<int> rows = _layout.GalleryRows;
        for (int position = 0; position < rows.Length; position++)
            TensorPrimitives.Multiply(_gradient.Span.Slice(position * _depth, _depth), (float)factor, gradient.GetRowSpan(rows[position]));
    }

    public void Dispose() => _gradient.Dispose();
}
