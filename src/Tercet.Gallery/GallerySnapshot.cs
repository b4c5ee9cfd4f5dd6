using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Format;
using Tercet.Galleries.Segments;
using Tercet.Search;

namespace Tercet.Galleries;

/// <summary>A gallery as it was after one commit. It stays that way, whatever writers do, until it is disposed. Safe to use from many threads.</summary>
public sealed class GallerySnapshot : IDisposable
{
    private readonly GalleryState _state;
    private int _disposed;

    /// <summary>Takes over one hold of the state.</summary>
    internal GallerySnapshot(GalleryState state) => _state = state;

    /// <summary>Which commit this is; 0 is the empty gallery.</summary>
    public long Generation => _state.Manifest.Generation;

    /// <summary>What all rows have in common.</summary>
    public GallerySchema Schema => _state.Manifest.Schema;

    /// <summary>Number of rows.</summary>
    public long Count => _state.LiveRows;

    /// <summary>Number of k-means cells of all segments.</summary>
    public int Cells => _state.Manifest.Segments.Sum(segment => segment.Cells?.Cells ?? 0);

    internal GalleryState State => _disposed == 0 ? _state : throw new ObjectDisposedException(nameof(GallerySnapshot));

    /// <summary>The nearest rows of one query.</summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="nearest">Receives them, nearest first, of equal distances the lowest id; its length is k, at most <see cref="FlatIndex.LargestK"/>. Places beyond the last row receive <see cref="GalleryNeighbor.None"/>.</param>
    /// <returns>How many were found: the smaller of k and <see cref="Count"/>.</returns>
    /// <exception cref="ArgumentException">The query has another length, a component that is not finite or a norm above 2⁶⁰, or k is too large.</exception>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum; found by the first search that would read it.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot has been disposed.</exception>
    public int Search(ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest) => SearchCheck.Search(State, query, nearest);

    /// <summary>The nearest rows of one query among those of a label. Every such row is looked at in float64.</summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="label">The label.</param>
    /// <param name="nearest">Receives them, nearest first, of equal distances the lowest id. Places beyond the last row receive <see cref="GalleryNeighbor.None"/>.</param>
    /// <returns>How many were found.</returns>
    /// <inheritdoc cref="Search(ReadOnlySpan{float}, Span{GalleryNeighbor})" path="/exception"/>
    public int Search(ReadOnlySpan<float> query, string label, Span<GalleryNeighbor> nearest) => SearchCheck.Search(State, query, label, nearest);

    /// <summary>The nearest rows of one query among those that a condition chooses. Every such row is looked at in float64; each row is asked about once.</summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="filter">Whether a row may be found.</param>
    /// <param name="nearest">Receives them, nearest first, of equal distances the lowest id; of any length. Places beyond the last row receive <see cref="GalleryNeighbor.None"/>.</param>
    /// <returns>How many were found.</returns>
    /// <exception cref="ArgumentException">The query has another length, or a component that is not finite or above 2⁶⁰.</exception>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot has been disposed.</exception>
    public int Search(ReadOnlySpan<float> query, Func<GalleryRow, bool> filter, Span<GalleryNeighbor> nearest) => FilteredSearch.Run(State, query, filter, nearest);

    /// <summary>The nearest rows of many queries.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>, finite.</param>
    /// <param name="k">How many neighbours of each, 1 to <see cref="FlatIndex.LargestK"/>.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>, nearest first, of equal distances the lowest id.</param>
    /// <param name="cancellationToken">Stops the call between blocks of rows; <paramref name="nearest"/> then holds nothing of use.</param>
    /// <returns>How many were found for each query: the smaller of k and <see cref="Count"/>.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, k is out of range, or a query has a component that is not finite or a norm above 2⁶⁰.</exception>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot has been disposed.</exception>
    public int SearchBatch(ReadOnlySpan2D<float> queries, int k, Span2D<GalleryNeighbor> nearest, CancellationToken cancellationToken = default) =>
        SearchCheck.Search(State, queries, k, nearest, cancellationToken);

    /// <summary>
    /// The nearest rows of one query among those of the cells whose centres are nearest to it, in each segment that has cells, and among all rows of the others.
    /// Distances are exact; a nearer row of another cell is missed.
    /// </summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="probes">How many cells of a segment to look into, at least 1.</param>
    /// <param name="nearest">Receives them, nearest first, of equal distances the lowest id. Places for which nothing was found receive <see cref="GalleryNeighbor.None"/>.</param>
    /// <returns>How many were found.</returns>
    /// <inheritdoc cref="Search(ReadOnlySpan{float}, Span{GalleryNeighbor})" path="/exception"/>
    public int SearchApproximately(ReadOnlySpan<float> query, int probes, Span<GalleryNeighbor> nearest) => SearchCheck.SearchApproximately(State, query, probes, nearest);

    /// <summary>The row of an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="row">The row, if there is one.</param>
    /// <returns>Whether there is.</returns>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum.</exception>
    public bool TryGet(long id, out GalleryRow row)
    {
        bool found = State.TryFind(id, out Segment segment, out int number);
        row = found ? new GalleryRow(segment, number) : default;
        return found;
    }

    /// <summary>All rows in ascending order of id, read as they are asked for.</summary>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum.</exception>
    public IEnumerable<GalleryRow> Rows()
    {
        IRowSource[] sources = Checked();
        for (RowMerge merge = new(sources); merge.MoveNext();)
            yield return new GalleryRow(merge.Source, merge.Row);
    }

    /// <summary>
    /// A checksum of what the gallery holds, whatever commits and segments it came in: XXH3-128 in hexadecimal over every row's id, vector (float32 bits), label,
    /// source, time and digest, in order of id.
    /// </summary>
    /// <exception cref="CorruptGalleryException">A block of the gallery does not match its checksum.</exception>
    public string ContentHash()
    {
        XxHash128 hash = new();
        Span<byte> numbers = stackalloc byte[32];
        foreach (GalleryRow row in Rows())
        {
            BinaryPrimitives.WriteInt64LittleEndian(numbers, row.Id);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], row.TimeInMilliseconds);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], row.LabelUtf8.Length);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[24..], row.SourceUtf8.Length);
            hash.Append(numbers);
            hash.Append(MemoryMarshal.AsBytes(row.Vector));
            hash.Append(row.LabelUtf8);
            hash.Append(row.SourceUtf8);
            hash.Append(row.Digest);
        }

        return Hashes.Of(hash);
    }

    /// <summary>Lets go of the files, when no other snapshot needs them. No call may be running.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _state.Drop();
    }

    internal Segment[] Checked()
    {
        Segment[] segments = [.. State.Segments];
        foreach (Segment segment in segments)
            segment.Files.RequireChecked();
        return segments;
    }
}
