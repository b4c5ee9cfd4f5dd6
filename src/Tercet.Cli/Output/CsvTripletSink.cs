using System.Globalization;
using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Cli.Output;

/// <summary>
/// Text with the header <c>anchor,positive,negative,d_ap,d_an</c>; distances in the shortest form that reads back as the same float32, fields that are
/// not meant left empty.
/// </summary>
internal sealed class CsvTripletSink : TripletSink
{
    // Three indices, two distances, four commas and a line end.
    private const int LongestRow = (3 * 11) + (2 * 16) + 5;

    private readonly string _path;
    private readonly AtomicFile _file;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _length;

    public CsvTripletSink(string path)
    {
        _path = path;
        _file = new AtomicFile(path);
        _length = "anchor,positive,negative,d_ap,d_an\n"u8.Length;
        "anchor,positive,negative,d_ap,d_an\n"u8.CopyTo(_buffer);
    }

    public override void Dispose() => _file.Dispose();

    protected override void Write(ReadOnlySpan<Triplet> triplets)
    {
        foreach (Triplet triplet in triplets)
        {
            if (_buffer.Length - _length < LongestRow)
                Flush();
            Append(triplet.Anchor);
            Append(triplet.Positive);
            Append(triplet.Negative);
            Append(triplet.Positive < 0 ? null : triplet.PositiveDistance);
            Append(triplet.Negative < 0 ? null : triplet.NegativeDistance);
            _buffer[_length - 1] = (byte)'\n';
        }
    }

    protected override void Commit()
    {
        Flush();
        _file.Commit();
    }

    private void Append(int index)
    {
        if (index >= 0 && index.TryFormat(_buffer.AsSpan(_length), out int written, default, CultureInfo.InvariantCulture))
            _length += written;
        _buffer[_length++] = (byte)',';
    }

    private void Append(float? distance)
    {
        if (distance is { } value && value.TryFormat(_buffer.AsSpan(_length), out int written, "R", CultureInfo.InvariantCulture))
            _length += written;
        _buffer[_length++] = (byte)',';
    }

    private void Flush()
    {
        try
        {
            _file.Stream.Write(_buffer.AsSpan(0, _length));
            _length = 0;
        }
        catch (IOException failure)
        {
            throw new TercetException($"{_path}: cannot be written: {failure.Message}", failure);
        }
    }
}
