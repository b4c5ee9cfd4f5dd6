using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>The queries of a pass as rows, each followed by the vector that <see cref="RowDots{TLanes, TVector, TScan, TInts}"/> needs for a row's last floats.</summary>
internal sealed unsafe class PlainQueries : IDisposable
{
    /// <summary>Floats behind a query: the widest vector.</summary>
    public const int LargestWidth = 16;

    private PinnedBuffer<float> _rows = new(0);
    private float* _first;
    private nint _stride;

    /// <summary>A query, scaled.</summary>
    public float* this[int query] => _first + (query * _stride);

    /// <summary>Copies every query.</summary>
    /// <param name="pass">The queries.</param>
    /// <param name="width">The vector width.</param>
    // SAFETY: the buffer holds depth + LargestWidth floats for every query.
    public void Load(SearchPass pass, int width)
    {
        int depth = pass.Gallery.Depth;
        _stride = depth + LargestWidth;
        PinnedBuffer.Grow(ref _rows, pass.Count * (long)_stride);
        _first = (float*)_rows.DangerousGetAddress();
        for (int query = 0; query < pass.Count; query++)
        {
            float* source = pass.Query(query);
            float* target = this[query];
            double scale = pass.Scale(query);
            if (scale == 1)
            {
                new ReadOnlySpan<float>(source, depth).CopyTo(new Span<float>(target, depth));
            }
            else
            {
                for (int k = 0; k < depth; k++)
                    target[k] = (float)(source[k] / scale);
            }

            AddTail(target, depth, width);
        }
    }

    /// <summary>Puts the vector behind a row that meets the last floats of others.</summary>
    // SAFETY: the row has room for LargestWidth floats behind it.
    public static void AddTail(float* row, int depth, int width)
    {
        int whole = depth / width * width;
        for (int lane = 0; lane < width; lane++)
        {
            int k = depth - width + lane;
            row[depth + lane] = k >= whole ? row[k] : 0;
        }
    }

    public void Dispose() => _rows.Dispose();
}
