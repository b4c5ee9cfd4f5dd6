using System.Buffers;
using System.Text;

namespace Tercet.Forward;

/// <summary>Appends protobuf fields to a growing buffer.</summary>
internal sealed class ProtoWriter(int capacity = 256)
{
    private readonly ArrayBufferWriter<byte> _bytes = new(capacity);

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>Appends a field as another message holds it.</summary>
    public void Raw(ReadOnlySpan<byte> field) => _bytes.Write(field);

    /// <summary>Appends a field that has a length.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> payload)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)payload.Length);
        _bytes.Write(payload);
    }

    /// <summary>Appends a string.</summary>
    public void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    /// <summary>Appends a number.</summary>
    public void Number(int field, ulong value)
    {
        Varint((ulong)field << 3);
        Varint(value);
    }

    private void Varint(ulong value)
    {
        Span<byte> room = _bytes.GetSpan(10);
        int length = 0;
        while (value >= 0x80)
        {
            room[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[length++] = (byte)value;
        _bytes.Advance(length);
    }
}
