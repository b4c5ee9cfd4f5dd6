using System.Globalization;
using System.Runtime.InteropServices;
using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>
/// Triplets by id on their way to a file: <c>.npy</c> (int64 <c>[T, 3]</c>: anchor, positive, negative) or <c>.csv</c> (with distances). They wait in a file of another name, which a run that was cut
/// short can go on with, and which takes the name when all is there.
/// </summary>
internal sealed class TripletFile : ITripletConsumer, IDisposable
{
    // Three ids, two distances, four commas and a line end.
    private const int LongestRow = (3 * 20) + (2 * 16) + 5;

    private readonly string _path;
    private readonly string _part;
    private readonly bool _isCsv;
    private readonly long[]? _anchorIds;
    private readonly long[] _ids;
    private readonly FileStream _file;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _used;

    /// <param name="path">The file.</param>
    /// <param name="anchorIds">The ids of anchors by their numbers; null where the numbers are what to write.</param>
    /// <param name="ids">The ids of the other rows.</param>
    /// <param name="bytes">How much of what an earlier run left is to stay.</param>
    public TripletFile(string path, long[]? anchorIds, long[] ids, long bytes)
    {
        (_path, _part, _isCsv, _anchorIds, _ids) = (path, PartOf(path), IsCsv(path), anchorIds, ids);
        _file = new FileStream(_part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        _file.SetLength(bytes);
        _file.Position = bytes;
        if (bytes > 0)
            return;
        if (_isCsv)
            Append("anchor,positive,negative,d_ap,d_an\n"u8);
        else
            Append(new byte[NpyHeader.FormattedLength]);
    }

    public static bool IsKnown(string path) => IsCsv(path) || path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    /// <summary>What an unfinished file is called.</summary>
    public static string PartOf(string path) => path + ".part";

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        Span<long> row = stackalloc long[3];
        foreach (Triplet triplet in triplets)
        {
            row[0] = _anchorIds is null ? triplet.Anchor : _anchorIds[triplet.Anchor];
            row[1] = triplet.Positive < 0 ? -1 : _ids[triplet.Positive];
            row[2] = triplet.Negative < 0 ? -1 : _ids[triplet.Negative];
            if (_isCsv)
                WriteLine(row, triplet);
            else
                Append(MemoryMarshal.AsBytes(row));
        }
    }

    /// <summary>Returns when everything so far survives a loss of power.</summary>
    /// <returns>Bytes so far.</returns>
    public long Flush()
    {
        Spill();
        _file.Flush(flushToDisk: true);
        return _file.Length;
    }

    /// <summary>Gives the file its name.</summary>
    /// <param name="rows">Number of triplets.</param>
    public void Complete(long rows)
    {
        Spill();
        if (!_isCsv)
        {
            _file.Position = 0;
            _file.Write(new NpyHeader(NpyDataType.I8, 2, rows, 3, NpyHeader.FormattedLength).Format());
        }

        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_part, _path, overwrite: true);
    }

    public void Dispose() => _file.Dispose();

    private static bool IsCsv(string path) => path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    private void WriteLine(ReadOnlySpan<long> ids, Triplet triplet)
    {
        if (_buffer.Length - _used < LongestRow)
            Spill();
        Write(ids[0], isMeant: true);
        Write(ids[1], triplet.Positive >= 0);
        Write(ids[2], triplet.Negative >= 0);
        Write(triplet.PositiveDistance, triplet.Positive >= 0, "R");
        Write(triplet.NegativeDistance, triplet.Negative >= 0, "R");
        _buffer[_used - 1] = (byte)'\n';
    }

    private void Write<T>(T value, bool isMeant, string? format = null)
        where T : IUtf8SpanFormattable
    {
        if (isMeant && value.TryFormat(_buffer.AsSpan(_used), out int written, format, CultureInfo.InvariantCulture))
            _used += written;
        _buffer[_used++] = (byte)',';
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _used < bytes.Length)
            Spill();
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Spill()
    {
        _file.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }
}
