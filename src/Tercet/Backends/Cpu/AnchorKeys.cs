using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>The float64 keys of one anchor at a time: the same bits as the session's, with the anchor turned into float64 once for all. One worker's.</summary>
internal sealed unsafe class AnchorKeys(CpuSession session) : IDisposable
{
    private PinnedBuffer<double> _wide = new(0);
    private int _anchor;

    /// <summary>Takes an anchor.</summary>
    public void Load(int anchor)
    {
        _anchor = anchor;
        int depth = session.Gallery.Depth;
        PinnedBuffer.Grow(ref _wide, depth);

        // SAFETY: a row and the buffer hold depth values.
        ExactDistance.Widen(session.AnchorRow(anchor), (double*)_wide.DangerousGetAddress(), depth);
    }

    /// <summary>The key of a gallery position.</summary>
    // SAFETY: as above.
    public double this[int position]
    {
        get
        {
            double* anchor = (double*)_wide.DangerousGetAddress();
            float* row = session.GalleryRow(position);
            return session.Metric == DistanceMetric.Cosine
                ? session.CosineKey(ExactDistance.Dot(anchor, row, session.Gallery.Depth), _anchor, position)
                : ExactDistance.SquaredEuclidean(anchor, row, session.Gallery.Depth);
        }
    }

    public void Dispose() => _wide.Dispose();
}
