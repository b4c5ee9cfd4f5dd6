namespace Tercet.Galleries.Format;

/// <summary>Arrow's metadata of a segment: a schema, one record batch, a footer. Numbers of fields and kinds are those of Arrow's Schema.fbs, Message.fbs and File.fbs.</summary>
internal static class ArrowMetadata
{
    public const int DigestBytes = 32;

    private const short Version5 = 4;
    private const byte SchemaHeader = 1, RecordBatchHeader = 3;
    private const byte Int = 2, FloatingPoint = 3, Timestamp = 10, FixedSizeBinary = 15, FixedSizeList = 16, LargeUtf8 = 20;
    private const short Half = 0, Single = 1, Milliseconds = 1;

    /// <summary>The message that begins the file.</summary>
    public static byte[] SchemaMessage(GallerySchema schema)
    {
        FlatBuffer buffer = new();
        return Message(buffer, SchemaHeader, Schema(buffer, schema), bodyLength: 0);
    }

    /// <summary>The message in front of the rows.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="dimension">Floats a row.</param>
    /// <param name="buffers">Offset and length of each buffer of <see cref="ArrowColumn"/>, from the beginning of the body.</param>
    /// <param name="bodyLength">Bytes of the body.</param>
    public static byte[] BatchMessage(int rows, int dimension, ReadOnlySpan<(long Offset, long Length)> buffers, long bodyLength)
    {
        // Every column, and the list's child, has a buffer of bits for nulls, which is empty: there are none.
        List<long> places = [];
        long end = 0;
        void Add(bool isFirstOfColumn, (long Offset, long Length) each)
        {
            if (isFirstOfColumn)
                places.AddRange([end, 0]);
            places.AddRange([each.Offset, each.Length]);
            end = each.Offset + each.Length;
        }

        places.AddRange([0, 0]);
        for (int column = 0; column < buffers.Length; column++)
            Add((ArrowColumn)column is not (ArrowColumn.Labels or ArrowColumn.Sources), buffers[column]);

        FlatBuffer buffer = new();
        int buffersAt = buffer.Structs(2, [.. places]);
        int nodesAt = buffer.Structs(2, rows, 0, (long)rows * dimension, 0, rows, 0, rows, 0, rows, 0, rows, 0, rows, 0);
        buffer.BeginTable(3);
        buffer.Field(0, (long)rows);
        buffer.Reference(1, nodesAt);
        buffer.Reference(2, buffersAt);
        return Message(buffer, RecordBatchHeader, buffer.EndTable(), bodyLength);
    }

    /// <summary>What ends the file.</summary>
    /// <param name="schema">The gallery's schema.</param>
    /// <param name="batchAt">Where the batch's message begins in the file.</param>
    /// <param name="batchHead">Bytes from there to the body.</param>
    /// <param name="bodyLength">Bytes of the body.</param>
    public static byte[] Footer(GallerySchema schema, long batchAt, int batchHead, long bodyLength)
    {
        FlatBuffer buffer = new();
        int schemaAt = Schema(buffer, schema);

        // Block is a struct of int64, int32 with padding, int64.
        int batches = buffer.Structs(3, batchAt, batchHead, bodyLength);
        int dictionaries = buffer.Structs(3);
        buffer.BeginTable(4);
        buffer.Field(0, Version5);
        buffer.Reference(1, schemaAt);
        buffer.Reference(2, dictionaries);
        buffer.Reference(3, batches);
        return buffer.Finish(buffer.EndTable());
    }

    private static byte[] Message(FlatBuffer buffer, byte kind, int header, long bodyLength)
    {
        buffer.BeginTable(4);
        buffer.Field(3, bodyLength);
        buffer.Reference(2, header);
        buffer.Field(0, Version5);
        buffer.Field(1, kind);
        return buffer.Finish(buffer.EndTable());
    }

    private static int Schema(FlatBuffer buffer, GallerySchema schema)
    {
        int component = Field(buffer, "item", FloatingPoint, Number(buffer, schema.Element == GalleryElement.Float16 ? Half : Single));
        int vector = Field(buffer, "vector", FixedSizeList, Number(buffer, schema.Dimension), component);
        int id = Field(buffer, "id", Int, SignedInt64(buffer));
        int label = Field(buffer, "label", LargeUtf8, Empty(buffer));
        int source = Field(buffer, "source", LargeUtf8, Empty(buffer));
        int time = Field(buffer, "time", Timestamp, UtcMilliseconds(buffer));
        int digest = Field(buffer, "digest", FixedSizeBinary, Number(buffer, DigestBytes));
        int fields = buffer.Vector(vector, id, label, source, time, digest);
        int pairs = buffer.Vector(
            Pair(buffer, "tercet.metric", schema.Metric.ToString()),
            Pair(buffer, "tercet.normalized", schema.Normalized ? "true" : "false"),
            Pair(buffer, "tercet.model_sha256", schema.ModelSha256),
            Pair(buffer, "tercet.preprocessing", schema.Preprocessing));
        buffer.BeginTable(3);
        buffer.Reference(1, fields);
        buffer.Reference(2, pairs);
        return buffer.EndTable();
    }

    private static int Field(FlatBuffer buffer, string name, byte type, int typeAt, params ReadOnlySpan<int> children)
    {
        int nameAt = buffer.Text(name);
        int childrenAt = buffer.Vector(children);
        buffer.BeginTable(6);
        buffer.Reference(0, nameAt);
        buffer.Reference(3, typeAt);
        buffer.Reference(5, childrenAt);
        buffer.Field(2, type);
        return buffer.EndTable();
    }

    private static int Number(FlatBuffer buffer, int value)
    {
        buffer.BeginTable(1);
        buffer.Field(0, value);
        return buffer.EndTable();
    }

    private static int Number(FlatBuffer buffer, short value)
    {
        buffer.BeginTable(1);
        buffer.Field(0, value);
        return buffer.EndTable();
    }

    private static int SignedInt64(FlatBuffer buffer)
    {
        buffer.BeginTable(2);
        buffer.Field(0, 64);
        buffer.Field(1, (byte)1);
        return buffer.EndTable();
    }

    private static int UtcMilliseconds(FlatBuffer buffer)
    {
        int zone = buffer.Text("UTC");
        buffer.BeginTable(2);
        buffer.Reference(1, zone);
        buffer.Field(0, Milliseconds);
        return buffer.EndTable();
    }

    private static int Empty(FlatBuffer buffer)
    {
        buffer.BeginTable(0);
        return buffer.EndTable();
    }

    private static int Pair(FlatBuffer buffer, string key, string value)
    {
        int keyAt = buffer.Text(key);
        int valueAt = buffer.Text(value);
        buffer.BeginTable(2);
        buffer.Reference(0, keyAt);
        buffer.Reference(1, valueAt);
        return buffer.EndTable();
    }
}
