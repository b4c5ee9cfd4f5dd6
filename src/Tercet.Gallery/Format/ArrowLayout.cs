using System.Buffers.Binary;

namespace Tercet.Galleries.Format;

/// <summary>
/// Where everything lies in a segment: an Arrow IPC file of one record batch whose every buffer begins at a multiple of 64 bytes of the file. It follows from a
/// few numbers alone, so that a reader need not believe the file.
/// </summary>
internal sealed class ArrowLayout
{
    private const int Alignment = 64;
    private const int MagicBytes = 8;
    private const int PrefixBytes = 8;
    private const uint Continuation = 0xFFFFFFFF;

    private readonly (long Offset, long Length)[] _buffers;

    /// <summary>Lays out a segment.</summary>
    /// <param name="schema">The gallery's schema.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="labelBytes">Bytes of all labels.</param>
    /// <param name="sourceBytes">Bytes of all sources.</param>
    public ArrowLayout(GallerySchema schema, int rows, long labelBytes, long sourceBytes)
    {
        int componentBytes = schema.Element == GalleryElement.Float16 ? 2 : sizeof(float);
        _buffers = new (long Offset, long Length)[Enum.GetValues<ArrowColumn>().Length];
        long end = 0;
        void Add(ArrowColumn column, long length)
        {
            _buffers[(int)column] = (end, length);
            end = Align(end + length);
        }

        Add(ArrowColumn.Vectors, (long)rows * schema.Dimension * componentBytes);
        Add(ArrowColumn.Ids, (long)rows * sizeof(long));
        Add(ArrowColumn.LabelOffsets, (rows + 1L) * sizeof(long));
        Add(ArrowColumn.Labels, labelBytes);
        Add(ArrowColumn.SourceOffsets, (rows + 1L) * sizeof(long));
        Add(ArrowColumn.Sources, sourceBytes);
        Add(ArrowColumn.Times, (long)rows * sizeof(long));
        Add(ArrowColumn.Digests, (long)rows * ArrowMetadata.DigestBytes);

        byte[] schemaMessage = ArrowMetadata.SchemaMessage(schema);
        byte[] batchMessage = ArrowMetadata.BatchMessage(rows, schema.Dimension, _buffers, end);
        int batchAt = MagicBytes + PrefixBytes + RoundUp(schemaMessage.Length, 8);
        BodyAt = Align(batchAt + PrefixBytes + batchMessage.Length);
        Header = new byte[BodyAt];
        "ARROW1"u8.CopyTo(Header);
        PutMessage(MagicBytes, batchAt, schemaMessage);
        PutMessage(batchAt, (int)BodyAt, batchMessage);

        byte[] footer = ArrowMetadata.Footer(schema, batchAt, (int)BodyAt - batchAt, end);
        Trailer = new byte[PrefixBytes + footer.Length + sizeof(int) + 6];
        BinaryPrimitives.WriteUInt32LittleEndian(Trailer, Continuation);
        footer.CopyTo(Trailer, PrefixBytes);
        BinaryPrimitives.WriteInt32LittleEndian(Trailer.AsSpan(PrefixBytes + footer.Length), footer.Length);
        "ARROW1"u8.CopyTo(Trailer.AsSpan(Trailer.Length - 6));
        Length = BodyAt + end + Trailer.Length;
    }

    /// <summary>Everything in front of the first buffer.</summary>
    public byte[] Header { get; }

    /// <summary>Everything behind the last one.</summary>
    public byte[] Trailer { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    private long BodyAt { get; }

    /// <summary>Where a buffer begins in the file.</summary>
    public long OffsetOf(ArrowColumn column) => BodyAt + _buffers[(int)column].Offset;

    /// <summary>Bytes of a buffer, without the padding behind it.</summary>
    public long LengthOf(ArrowColumn column) => _buffers[(int)column].Length;

    private void PutMessage(int at, int end, byte[] message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Header.AsSpan(at), Continuation);
        BinaryPrimitives.WriteInt32LittleEndian(Header.AsSpan(at + 4), end - at - PrefixBytes);
        message.CopyTo(Header, at + PrefixBytes);
    }

    private static long Align(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static int RoundUp(int length, int alignment) => (length + alignment - 1) / alignment * alignment;
}
