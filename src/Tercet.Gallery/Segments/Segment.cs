using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu.Search;
using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Galleries.Format;
using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Galleries.Segments;

/// <summary>A segment as one state of the gallery has it: its files without the rows that were removed by then.</summary>
internal sealed class Segment : Shared, IRowSource
{
    private readonly SegmentFiles _files;
    private readonly GallerySchema _schema;
    private readonly GalleryOptions _options;
    private readonly Lock _lock = new();
    private readonly MappedFile _companion;
    private volatile CpuSearch? _search;

    /// <param name="files">The files; this becomes one more holder.</param>
    /// <param name="entry">What the manifest of the state says.</param>
    /// <param name="removed">The removed rows.</param>
    /// <param name="schema">The gallery's schema.</param>
    /// <param name="options">How to search.</param>
    public Segment(SegmentFiles files, SegmentEntry entry, RemovedRows removed, GallerySchema schema, GalleryOptions options)
    {
        // Mapped now, since a writer may take the name away before the first search.
        _companion = new MappedFile(files.CompanionPath, isPrivate: true);
        files.Keep();
        (_files, _schema, _options) = (files, schema, options);
        (Entry, Removed) = (entry, removed);
    }

    public SegmentEntry Entry { get; }

    public RemovedRows Removed { get; }

    public SegmentFiles Files => _files;

    /// <summary>The rows, removed ones among them.</summary>
    public ReadOnlySpan2D<float> Rows => _files.Rows;

    public int Count => Entry.Rows;

    public int LiveCount => Entry.LiveRows;

    public bool IsRemoved(int row) => Removed[row];

    public long Id(int row) => _files.Ids[row];

    public ReadOnlySpan<float> Vector(int row) => _files.Rows.GetRowSpan(row);

    public ReadOnlySpan<byte> Label(int row) => _files.Label(row);

    public ReadOnlySpan<byte> Source(int row) => _files.Source(row);

    public long Time(int row) => _files.Time(row);

    public ReadOnlySpan<byte> Digest(int row) => _files.Digest(row);

    /// <summary>The row of an id that was not removed, or −1.</summary>
    public int Find(long id)
    {
        if (id < Entry.FirstId || id > Entry.LastId)
            return -1;
        _files.RequireChecked();
        int row = _files.Ids.BinarySearch(id);
        return row >= 0 && !Removed[row] ? row : -1;
    }

    /// <summary>What searches the rows.</summary>
    /// <exception cref="CorruptGalleryException">A block does not match its checksum.</exception>
    public CpuSearch Search()
    {
        if (_search is { } ready)
            return ready;
        lock (_lock)
            return _search ??= OpenSearch();
    }

    protected override void Free()
    {
        _search?.Dispose();
        _companion.Dispose();
        _files.Drop();
    }

    private CpuSearch OpenSearch()
    {
        _files.RequireChecked();
        CompanionShape shape = new(Entry.Rows, _schema.Dimension);

        // The codes of removed rows stay as they are: what they find is scored by the biases before it is looked at.
        Span<float> biases = _companion.PrivateValues<float>(shape.BiasesAt, shape.Padded);
        for (int row = 0; Removed.Count > 0 && row < Entry.Rows; row++)
        {
            if (Removed[row])
                biases[row] = float.PositiveInfinity;
        }

        CpuSearch search = new(
            _files.Rows,
            _schema.Metric,
            new StoredCompanion
            {
                Factors = _companion.Values<float>(0, shape.Padded),
                Biases = biases,
                Codes = _options.Filter != SearchFilter.None ? _companion.Values<byte>(shape.CodesAt, shape.BlockBytes) : default,
                GreatestNorm = Entry.GreatestNorm,
                LiveCount = LiveCount,
            },
            _options.Threads,
            _options.Lanes);
        if (_options.Filter == SearchFilter.Cells && Entry.Cells is { } cells)
            UseCells(search, cells.ShapeFor(_schema.Dimension));
        return search;
    }

    private void UseCells(CpuSearch search, CellShape shape)
    {
        try
        {
            search.UseCells(_files.Cells!.Values<byte>(0, 1), shape);
        }
        catch (ArgumentException failure)
        {
            search.Dispose();
            throw new CorruptGalleryException(_files.CellsPath!, -1, failure.Message, failure);
        }
    }
}
