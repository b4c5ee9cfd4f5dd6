using System.Buffers.Binary;
using System.Text;

namespace Tercet.Galleries.Format;

/// <summary>
/// Builds a FlatBuffer back to front, as the format wants: what is referred to is written before what refers to it. Positions are counted from the end of the
/// buffer. Only what Arrow's metadata needs.
/// </summary>
internal sealed class FlatBuffer
{
    private byte[] _bytes = new byte[1024];
    private int _length;
    private int _largestAlignment = 4;
    private int _tableEnd;
    private int[] _fields = [];

    /// <summary>Writes a text.</summary>
    /// <returns>Its position.</returns>
    public int Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Align(4, utf8.Length + 1);
        Put((byte)0);
        Put(utf8);
        Put(utf8.Length);
        return _length;
    }

    /// <summary>Writes a vector of tables that were written before.</summary>
    /// <returns>Its position.</returns>
    public int Vector(params ReadOnlySpan<int> positions)
    {
        Align(4, 4 * positions.Length);
        for (int i = positions.Length - 1; i >= 0; i--)
            PutReference(positions[i]);
        Put(positions.Length);
        return _length;
    }

    /// <summary>Writes a vector of structs that consist of int64 alone.</summary>
    /// <param name="width">int64 a struct.</param>
    /// <param name="values">All structs.</param>
    /// <returns>Its position.</returns>
    public int Structs(int width, params ReadOnlySpan<long> values)
    {
        Align(8, 8 * values.Length);
        for (int i = values.Length - 1; i >= 0; i--)
            Put(values[i]);
        Put(values.Length / width);
        return _length;
    }

    /// <summary>Begins a table; nothing else may be begun before it ends.</summary>
    public void BeginTable(int fieldCount)
    {
        _fields = new int[fieldCount];
        _tableEnd = _length;
    }

    public void Field(int field, byte value)
    {
        Put(value);
        _fields[field] = _length;
    }

    public void Field(int field, short value)
    {
        Align(2, 0);
        Put(value);
        _fields[field] = _length;
    }

    public void Field(int field, int value)
    {
        Align(4, 0);
        Put(value);
        _fields[field] = _length;
    }

    public void Field(int field, long value)
    {
        Align(8, 0);
        Put(value);
        _fields[field] = _length;
    }

    public void Reference(int field, int position)
    {
        Align(4, 0);
        PutReference(position);
        _fields[field] = _length;
    }

    /// <summary>Ends the table, with a list of its fields' places in front of it.</summary>
    /// <returns>Its position.</returns>
    public int EndTable()
    {
        Align(4, 0);
        Put(0);
        int table = _length;
        for (int i = _fields.Length - 1; i >= 0; i--)
            Put((short)(_fields[i] == 0 ? 0 : table - _fields[i]));
        Put((short)(table - _tableEnd));
        Put((short)(4 + (2 * _fields.Length)));

        // The table begins with the distance back to its list.
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_bytes.Length - table), _length - table);
        return table;
    }

    /// <summary>The whole buffer, whose root is a table.</summary>
    public byte[] Finish(int root)
    {
        Align(_largestAlignment, 4);
        PutReference(root);
        return _bytes[^_length..];
    }

    // What follows a later write of `extra` bytes shall be aligned.
    private void Align(int alignment, int extra)
    {
        _largestAlignment = Math.Max(_largestAlignment, alignment);
        while ((_length + extra) % alignment != 0)
            Put((byte)0);
    }

    private void PutReference(int position) => Put(_length + 4 - position);

    private void Put(byte value) => Room(1)[0] = value;

    private void Put(short value) => BinaryPrimitives.WriteInt16LittleEndian(Room(2), value);

    private void Put(int value) => BinaryPrimitives.WriteInt32LittleEndian(Room(4), value);

    private void Put(long value) => BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);

    private void Put(ReadOnlySpan<byte> value) => value.CopyTo(Room(value.Length));

    private Span<byte> Room(int count)
    {
        if (_length + count > _bytes.Length)
        {
            byte[] longer = new byte[Math.Max(2 * _bytes.Length, _length + count)];
            _bytes.AsSpan(_bytes.Length - _length).CopyTo(longer.AsSpan(longer.Length - _length));
            _bytes = longer;
        }

        _length += count;
        return _bytes.AsSpan(_bytes.Length - _length, count);
    }
}
