using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What the kernels of the loss over all triplets take. Every row is an anchor; a chunk is some panels of columns.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LossArguments
{
    /// <summary>The rows.</summary>
    public PackedRows Rows;

    /// <summary>Their labels.</summary>
    public ClassIntervals Classes;

    /// <summary>The keys' error.</summary>
    public ToleranceBound Tolerance;

    /// <summary>Their positives.</summary>
    public Positives Positives;

    /// <summary>What is taken from every row.</summary>
    public nint Mean;

    /// <summary>The rows less that.</summary>
    public nint Centred;

    /// <summary>The weights of the chunk's pairs.</summary>
    public nint Weights;

    /// <summary>Weighted sums of the chunk's columns over one segment of rows.</summary>
    public nint SegmentSums;

    /// <summary>Weighted sums of other rows, a row each.</summary>
    public nint Sums;

    /// <summary>Sums of weights over one panel of columns, 64-bit.</summary>
    public nint ChunkWeights;

    /// <summary>The negatives' part in the losses over one panel of columns, 64-bit.</summary>
    public nint ChunkLosses;

    /// <summary>Sums of weights, 64-bit, a row each.</summary>
    public nint WeightSums;

    /// <summary>The anchors' losses, 64-bit.</summary>
    public nint Losses;

    /// <summary>Negatives by how many thresholds lie above them, one more an anchor than it has positives.</summary>
    public nint Tallies;

    /// <summary>Negatives that violate a positive, a positive pair each.</summary>
    public nint Violations;

    /// <summary>The anchors' terms above zero, 64-bit.</summary>
    public nint NonZero;

    /// <summary>Receives the gradient.</summary>
    public nint Gradient;

    /// <summary>Segments of rows.</summary>
    public int Segments;

    /// <summary>Rows of a segment.</summary>
    public int SegmentRows;

    /// <summary>The chunk's first panel of columns.</summary>
    public int FirstColumn;

    /// <summary>Its panels of columns.</summary>
    public int ChunkPanels;

    /// <summary>Whether the gradient is wanted.</summary>
    public int WantsGradient;
}
