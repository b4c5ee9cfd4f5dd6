using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;
using Tercet.Memory;

namespace Tercet.Galleries.Segments;

/// <summary>A segment's file, mapped: what never changes of it. Nothing is read from it before every block has been compared with its checksum, once.</summary>
internal sealed class SegmentFiles : Shared
{
    private readonly GallerySchema _schema;
    private readonly BlockCheck _check;
    private readonly MappedFile _arrow;

    // Open from the beginning until they have been read: a writer may take their names away before the first search.
    private readonly IGalleryFile _arrowFile;
    private readonly IGalleryFile _companionFile;
    private readonly IGalleryFile? _cellsFile;
    private readonly MappedFile? _cells;
    private readonly Lock _lock = new();
    private readonly int _threads;
    private PinnedBuffer<float>? _widened;
    private volatile bool _isChecked;

    public SegmentFiles(IGalleryFiles files, string folder, GallerySchema schema, SegmentEntry entry, int threads)
    {
        _schema = schema;
        _threads = threads;
        Entry = entry;
        Layout = new ArrowLayout(schema, entry.Rows, entry.LabelBytes, entry.SourceBytes);
        _check = new BlockCheck(files, folder, schema, entry);
        _check.CheckLengths();
        _arrow = new MappedFile(_check.ArrowPath);
        try
        {
            _arrowFile = files.Open(_check.ArrowPath);
            _companionFile = files.Open(_check.CompanionPath);
            _cellsFile = _check.OpenCells();
            _cells = _check.CellsPath is null ? null : new MappedFile(_check.CellsPath);
        }
        catch
        {
            Free();
            throw;
        }
    }

    public SegmentEntry Entry { get; }

    public ArrowLayout Layout { get; }

    public string CompanionPath => _check.CompanionPath;

    /// <summary>The cells, mapped; null where there are none.</summary>
    public MappedFile? Cells => _cells;

    public string? CellsPath => _check.CellsPath;

    /// <summary>The rows, <c>[N, D]</c>: where they lie, or widened.</summary>
    public ReadOnlySpan2D<float> Rows => _schema.Element == GalleryElement.Float32
        ? _arrow.Rows(Layout.OffsetOf(ArrowColumn.Vectors), Entry.Rows, _schema.Dimension)
        : _widened!.Span.AsSpan2D(Entry.Rows, _schema.Dimension);

    public ReadOnlySpan<long> Ids => _arrow.Values<long>(Layout.OffsetOf(ArrowColumn.Ids), Entry.Rows);

    /// <summary>Milliseconds since 1970; what a <see cref="DateTimeOffset"/> can hold.</summary>
    public long Time(int row)
    {
        long time = _arrow.Values<long>(Layout.OffsetOf(ArrowColumn.Times) + ((long)row * sizeof(long)), 1)[0];
        return time >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && time <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? time
            : throw new CorruptGalleryException(_check.ArrowPath, Layout.OffsetOf(ArrowColumn.Times) / CorruptGalleryException.BlockBytes, $"the time of row {row} does not exist");
    }

    public ReadOnlySpan<byte> Label(int row) => Text(ArrowColumn.LabelOffsets, row);

    public ReadOnlySpan<byte> Source(int row) => Text(ArrowColumn.SourceOffsets, row);

    public ReadOnlySpan<byte> Digest(int row) =>
        _arrow.Values<byte>(Layout.OffsetOf(ArrowColumn.Digests) + ((long)row * ArrowMetadata.DigestBytes), ArrowMetadata.DigestBytes);

    /// <summary>Compares every block with its checksum, the first time.</summary>
    /// <exception cref="CorruptGalleryException">One does not match; the next call looks again.</exception>
    public void RequireChecked()
    {
        if (_isChecked)
            return;
        lock (_lock)
        {
            if (_isChecked)
                return;
            _check.Run(_arrowFile, _companionFile, _cellsFile, _threads);
            CheckIds();
            if (_schema.Element == GalleryElement.Float16)
                Widen();
            _isChecked = true;
            _arrowFile.Dispose();
            _companionFile.Dispose();
            _cellsFile?.Dispose();
        }
    }

    protected override void Free()
    {
        _arrow.Dispose();
        _arrowFile?.Dispose();
        _companionFile?.Dispose();
        _cellsFile?.Dispose();
        _cells?.Dispose();
        ((IDisposable?)_widened)?.Dispose();
    }

    // Rows are found by halving, and merged by order.
    private void CheckIds()
    {
        ReadOnlySpan<long> ids = Ids;
        bool isOrdered = ids[0] == Entry.FirstId && ids[^1] == Entry.LastId;
        for (int row = 1; row < ids.Length; row++)
            isOrdered &= ids[row] > ids[row - 1];
        if (!isOrdered)
            throw new CorruptGalleryException(_check.ArrowPath, Layout.OffsetOf(ArrowColumn.Ids) / CorruptGalleryException.BlockBytes, "its ids are not in order, or not those of the manifest");
    }

    private ReadOnlySpan<byte> Text(ArrowColumn offsets, int row)
    {
        ReadOnlySpan<long> ends = _arrow.Values<long>(Layout.OffsetOf(offsets) + ((long)row * sizeof(long)), 2);
        long bytes = offsets == ArrowColumn.LabelOffsets ? Entry.LabelBytes : Entry.SourceBytes;
        return ends[0] >= 0 && ends[0] <= ends[1] && ends[1] <= bytes && ends[1] - ends[0] <= int.MaxValue
            ? _arrow.Values<byte>(Layout.OffsetOf(offsets + 1) + ends[0], (int)(ends[1] - ends[0]))
            : throw new CorruptGalleryException(_check.ArrowPath, Layout.OffsetOf(offsets) / CorruptGalleryException.BlockBytes, $"the text of row {row} lies outside its column");
    }

    private void Widen()
    {
        long count = (long)Entry.Rows * _schema.Dimension;
        if (count > Array.MaxLength)
            throw new GalleryException(_check.ArrowPath, $"{Entry.Rows} rows of {_schema.Dimension} float16 are too many to widen at once; use float32");
        PinnedBuffer<float> wide = new((int)count);
        for (int row = 0; row < Entry.Rows; row++)
        {
            ReadOnlySpan<Half> halves = _arrow.Values<Half>(Layout.OffsetOf(ArrowColumn.Vectors) + ((long)row * _schema.Dimension * sizeof(ushort)), _schema.Dimension);
            TensorPrimitives.ConvertToSingle(halves, wide.Span.Slice(row * _schema.Dimension, _schema.Dimension));
        }

        _widened = wide;
    }
}
