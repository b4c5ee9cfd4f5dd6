using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>
/// A bound on the error of the keys of <see cref="RowScan"/>, tighter than <see cref="CpuSession.KeyTolerance"/>: it looks at how a row's energy is spread over
/// its dimensions.
/// </summary>
/// <remarks>
/// A part's sum rounds once a dimension, by at most 2⁻²⁴ of the partial sum s_k, and <c>|s_k| ≤ ½ (‖x₁…x_k‖² + ‖y₁…y_k‖²)</c>. Summed over k that is half the rows'
/// <em>weights</em> <c>Σ xᵢ² (L − i)</c>, i the place in a part of length L: for even rows half of <c>L ‖x‖²</c>. Norms, unit rows and the additions of C parts
/// round what is at most the sum of the norms: 3 + C times. The 1 % covers second-order terms, the last term what underflow loses.
/// </remarks>
internal sealed unsafe class ScanTolerances(CpuSession session) : ITeamJob, IDisposable
{
    // Half the distance between 1 and the next float.
    private const double UnitRoundoff = 1.0 / (1 << 24);
    private const int RowsPerItem = 256;

    private PinnedBuffer<double> _weights = new(0);
    private PinnedBuffer<double> _places = new(0);
    private double _largestWeight;
    private double _largestHalfNorm;

    /// <summary>Weighs every row of a problem in the square form.</summary>
    public void Prepare()
    {
        PackedPanels gallery = session.Gallery;
        int depth = gallery.Depth;
        PinnedBuffer.Grow(ref _weights, gallery.Count);
        PinnedBuffer.Grow(ref _places, depth);
        Span<double> places = _places.Span;
        for (int i = 0; i < depth; i++)
            places[i] = Math.Min(RowScan.PartDepth, depth - (i / RowScan.PartDepth * RowScan.PartDepth)) - (i % RowScan.PartDepth);
        int items = (gallery.Count + RowsPerItem - 1) / RowsPerItem;
        session.Team.Run(this, items, session.WorkersFor((double)gallery.Count * depth), session.Cancellation);
        _largestWeight = 0;
        foreach (double weight in _weights.Span[..gallery.Count])
            _largestWeight = Math.Max(_largestWeight, weight);
        _largestHalfNorm = gallery.LargestHalfNorm;
    }

    /// <summary>The bound for one anchor's keys, against any row.</summary>
    public float Of(int anchor)
    {
        if (!session.Layout.IsSymmetric)
            return session.KeyTolerance(anchor);
        int depth = session.Gallery.Depth;
        int parts = (depth + RowScan.PartDepth - 1) / RowScan.PartDepth;
        double sums = 0.5 * (_weights.Span[anchor] + _largestWeight);
        double norms = 2.0 * (3 + parts) * (session.Gallery.HalfNorms[anchor] + _largestHalfNorm);
        return (float)(1.01 * Math.Abs(session.KeyScale) * ((UnitRoundoff * (sums + norms)) + (2.0 * depth * float.Epsilon)));
    }

    // SAFETY: positions are below the gallery's count; rows and places are depth long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void ITeamJob.Execute(int worker, int item)
    {
        PackedPanels gallery = session.Gallery;
        int depth = gallery.Depth;
        double* places = (double*)_places.DangerousGetAddress();
        double* weights = (double*)_weights.DangerousGetAddress();
        int end = Math.Min(gallery.Count, (item + 1) * RowsPerItem);
        for (int position = item * RowsPerItem; position < end; position++)
        {
            float* row = session.GalleryRow(position);
            Vector512<double> sum = Vector512<double>.Zero;
            int k = 0;
            for (; k + 8 <= depth; k += 8)
            {
                Vector512<double> x = ExactDistance.Widen(row + k);
                sum += x * x * Vector512.Load(places + k);
            }

            double weight = Vector512.Sum(sum);
            for (; k < depth; k++)
                weight += (double)row[k] * row[k] * places[k];
            double norm = gallery.Norms[position];
            weights[position] = session.Metric == DistanceMetric.Cosine && norm > 0 ? weight / (norm * norm) : weight;
        }
    }

    public void Dispose()
    {
        _weights.Dispose();
        _places.Dispose();
    }
}
