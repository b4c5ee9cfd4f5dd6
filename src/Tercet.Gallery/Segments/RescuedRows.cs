using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tercet.Galleries.Format;
using Tercet.Memory;

namespace Tercet.Galleries.Segments;

/// <summary>The rows of a damaged segment that no damaged block has a part of.</summary>
internal sealed class RescuedRows : IRowSource, IDisposable
{
    private readonly GallerySchema _schema;
    private readonly SegmentEntry _entry;
    private readonly ArrowLayout _layout;
    private readonly RemovedRows _removed;
    private readonly MappedFile _arrow;
    private readonly bool[] _isLost;
    private readonly float[] _widened;

    /// <param name="path">The segment's file; one that ends early is filled up with zeros, which lie in damaged blocks and stay damaged.</param>
    /// <param name="schema">The gallery's schema.</param>
    /// <param name="entry">What the manifest says of the segment.</param>
    /// <param name="removed">Its removed rows.</param>
    /// <param name="damaged">The damaged blocks of its file.</param>
    public RescuedRows(string path, GallerySchema schema, SegmentEntry entry, RemovedRows removed, IEnumerable<long> damaged)
    {
        (_schema, _entry, _removed) = (schema, entry, removed);
        _layout = new ArrowLayout(schema, entry.Rows, entry.LabelBytes, entry.SourceBytes);
        using (FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            if (file.Length < entry.Arrow.Bytes)
                file.SetLength(entry.Arrow.Bytes);
        }

        _arrow = new MappedFile(path);
        _isLost = new bool[entry.Rows];
        _widened = new float[schema.Dimension];
        foreach (long block in damaged)
            Lose(block * CorruptGalleryException.BlockBytes, (block + 1) * CorruptGalleryException.BlockBytes);
    }

    public int Count => _entry.Rows;

    /// <summary>Rows that are left.</summary>
    public int LiveCount => Enumerable.Range(0, Count).Count(row => !IsRemoved(row));

    /// <summary>Rows that were not removed and cannot be saved.</summary>
    public int LostCount => _entry.LiveRows - LiveCount;

    public bool IsRemoved(int row) => _isLost[row] || _removed[row];

    public long Id(int row) => Values<long>(ArrowColumn.Ids, row, 1)[0];

    public ReadOnlySpan<float> Vector(int row)
    {
        if (_schema.Element == GalleryElement.Float32)
            return Values<float>(ArrowColumn.Vectors, row, _schema.Dimension);
        TensorPrimitives.ConvertToSingle(Values<Half>(ArrowColumn.Vectors, row, _schema.Dimension), _widened);
        return _widened;
    }

    public ReadOnlySpan<byte> Label(int row) => Text(ArrowColumn.LabelOffsets, row);

    public ReadOnlySpan<byte> Source(int row) => Text(ArrowColumn.SourceOffsets, row);

    public long Time(int row) => Values<long>(ArrowColumn.Times, row, 1)[0];

    public ReadOnlySpan<byte> Digest(int row) => Values<byte>(ArrowColumn.Digests, row, ArrowMetadata.DigestBytes);

    public void Dispose() => _arrow.Dispose();

    private ReadOnlySpan<T> Values<T>(ArrowColumn column, int row, int count)
        where T : unmanaged => _arrow.Values<T>(_layout.OffsetOf(column) + ((long)row * count * Unsafe.SizeOf<T>()), count);

    private ReadOnlySpan<byte> Text(ArrowColumn offsets, int row)
    {
        ReadOnlySpan<long> ends = _arrow.Values<long>(_layout.OffsetOf(offsets) + ((long)row * sizeof(long)), 2);
        return _arrow.Values<byte>(_layout.OffsetOf(offsets + 1) + ends[0], (int)(ends[1] - ends[0]));
    }

    private void Lose(long start, long end)
    {
        Lose(ArrowColumn.Vectors, start, end, _layout.LengthOf(ArrowColumn.Vectors) / Count, reach: 0);
        Lose(ArrowColumn.Ids, start, end, sizeof(long), reach: 0);
        Lose(ArrowColumn.Times, start, end, sizeof(long), reach: 0);
        Lose(ArrowColumn.Digests, start, end, ArrowMetadata.DigestBytes, reach: 0);
        foreach (ArrowColumn offsets in (ArrowColumn[])[ArrowColumn.LabelOffsets, ArrowColumn.SourceOffsets])
        {
            // An offset ends one text and begins the next.
            Lose(offsets, start, end, sizeof(long), reach: 1);
            LoseTexts(offsets, start, end);
        }
    }

    private void Lose(ArrowColumn column, long start, long end, long stride, int reach)
    {
        long first = Math.Max(start - _layout.OffsetOf(column), 0);
        long last = Math.Min(end - _layout.OffsetOf(column), _layout.LengthOf(column)) - 1;
        for (long row = (first / stride) - reach; first <= last && row <= last / stride; row++)
        {
            if (row >= 0 && row < Count)
                _isLost[row] = true;
        }
    }

    private void LoseTexts(ArrowColumn offsets, long start, long end)
    {
        long textsAt = _layout.OffsetOf(offsets + 1);
        if (start >= textsAt + _layout.LengthOf(offsets + 1) || end <= textsAt)
            return;
        ReadOnlySpan<long> ends = _arrow.Values<long>(_layout.OffsetOf(offsets), Count + 1);
        for (int row = 0; row < Count; row++)
            _isLost[row] |= textsAt + ends[row] < end && textsAt + ends[row + 1] > start;
    }
}
