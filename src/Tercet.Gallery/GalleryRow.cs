using System.Text;
using Tercet.Galleries.Segments;

namespace Tercet.Galleries;

/// <summary>One row of a snapshot, read where it lies; not to be used once the snapshot is disposed.</summary>
public readonly struct GalleryRow
{
    private readonly IRowSource _rows;
    private readonly int _row;

    internal GalleryRow(IRowSource rows, int row) => (_rows, _row) = (rows, row);

    /// <summary>The row's id.</summary>
    public long Id => _rows.Id(_row);

    /// <summary>The components, <c>[D]</c>.</summary>
    public ReadOnlySpan<float> Vector => _rows.Vector(_row);

    /// <summary>The label; empty for none.</summary>
    public string Label => Encoding.UTF8.GetString(LabelUtf8);

    /// <summary>The label in UTF-8, without a copy.</summary>
    public ReadOnlySpan<byte> LabelUtf8 => _rows.Label(_row);

    /// <summary>What the row was made from; empty where that is not known.</summary>
    public string Source => Encoding.UTF8.GetString(SourceUtf8);

    /// <summary>The source in UTF-8, without a copy.</summary>
    public ReadOnlySpan<byte> SourceUtf8 => _rows.Source(_row);

    /// <summary>The row's time, to the millisecond.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(_rows.Time(_row));

    /// <summary>The SHA-256 of what the row was made from, 32 bytes; zeros where that is not known.</summary>
    public ReadOnlySpan<byte> Digest => _rows.Digest(_row);

    /// <summary>Whether the digest is known.</summary>
    public bool HasDigest => Digest.ContainsAnyExcept((byte)0);

    internal long TimeInMilliseconds => _rows.Time(_row);
}
