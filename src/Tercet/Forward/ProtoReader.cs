using System.Buffers.Binary;

namespace Tercet.Forward;

/// <summary>
/// Walks the fields of one protobuf message without knowing its schema (protobuf.dev, "Encoding"). Enough to read and copy an ONNX
/// file field by field; unknown fields pass through as they are.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;

    /// <summary>Number of the field read last.</summary>
    public int Field { get; private set; }

    /// <summary>The value of the field read last, where it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>The content of the field read last, where it has a length: a string, bytes or a message.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>The field read last with its tag, as it stands in the message.</summary>
    public ReadOnlySpan<byte> Raw { get; private set; }

    /// <summary>Reads the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="InvalidDataException">The bytes are not a protobuf message, or end early.</exception>
    public bool Read()
    {
        if (_position == _message.Length)
            return false;
        int start = _position;
        ulong tag = Varint();
        if (tag >> 3 is 0 or > int.MaxValue)
            throw new InvalidDataException($"Bad field tag at byte {start}.");
        Field = (int)(tag >> 3);
        Number = 0;
        Payload = default;
        switch (tag & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Payload = Take(Varint());
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw new InvalidDataException($"Bad wire type at byte {start}.");
        }

        Raw = _message[start.._position];
        return true;
    }

    /// <summary>The numbers of a field that holds several in one piece.</summary>
    /// <exception cref="InvalidDataException">The last one ends early.</exception>
    public static List<long> Packed(ReadOnlySpan<byte> payload)
    {
        List<long> numbers = [];
        ProtoReader reader = new(payload);
        while (reader._position < payload.Length)
            numbers.Add((long)reader.Varint());
        return numbers;
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _position))
            throw new InvalidDataException($"The message ends {length - (ulong)(_message.Length - _position):N0} bytes early.");
        ReadOnlySpan<byte> taken = _message.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw new InvalidDataException("A number is longer than 64 bits.");
    }
}
