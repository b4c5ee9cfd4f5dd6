namespace Tercet.Forward;

/// <summary>
/// Rewrites an ONNX file in memory at the level of protobuf fields, so that no schema is needed and every byte that is not concerned stays
/// as it is. Fields of onnx.proto: ModelProto {7 graph}, GraphProto {11 input, 12 output, 13 value_info}, ValueInfoProto {1 name, 2 type},
/// TypeProto {1 tensor_type}, Tensor {2 shape}, TensorShapeProto {1 dim}, Dimension {1 dim_value, 2 dim_param}.
/// </summary>
internal static class GraphEdit
{
    private const string BatchSymbol = "tercet_batch";

    private const int Graph = 7;
    private const int Input = 11;
    private const int Output = 12;
    private const int ValueInfo = 13;

    /// <summary>Drops from the graph's inputs those that are initializers too.</summary>
    public static byte[] DropInitializerInputs(OnnxFile file) => file.InitializerInputs.Count == 0 ? file.Bytes : Rewrite(file, null, 0);

    /// <summary>
    /// Also gives the input <paramref name="input"/>, and every output whose first dimension is <paramref name="batch"/>, a symbolic first
    /// dimension, and drops the intermediate shapes, which were inferred for the old batch.
    /// </summary>
    public static byte[] MakeBatchSymbolic(OnnxFile file, string input, int batch) => Rewrite(file, input, batch);

    private static byte[] Rewrite(OnnxFile file, string? input, int batch)
    {
        ProtoWriter model = new(file.Bytes.Length + 1024);
        ProtoReader reader = new(file.Bytes);
        while (reader.Read())
        {
            if (reader.Field == Graph)
                model.Bytes(Graph, RewriteGraph(reader.Payload, file.InitializerInputs, input, batch));
            else
                model.Raw(reader.Raw);
        }

        return model.Written.ToArray();
    }

    private static ReadOnlySpan<byte> RewriteGraph(ReadOnlySpan<byte> bytes, HashSet<string> initializerInputs, string? input, int batch)
    {
        ProtoWriter graph = new(bytes.Length + 1024);
        ProtoReader reader = new(bytes);
        while (reader.Read())
        {
            string name = reader.Field is Input ? OnnxFile.NameOf(reader.Payload, 1) : "";
            if (reader.Field == Input && initializerInputs.Contains(name))
                continue;
            if (reader.Field == ValueInfo && input is not null)
                continue;
            if ((reader.Field == Input && name == input) || (reader.Field == Output && input is not null))
                graph.Bytes(reader.Field, RewriteFirst(reader.Payload, [2, 1, 2, 1], (ulong)batch));
            else
                graph.Raw(reader.Raw);
        }

        return graph.Written;
    }

    /// <summary>Follows <paramref name="path"/> (first occurrence of each field) down to a Dimension and makes it symbolic if its value is <paramref name="batch"/>.</summary>
    private static ReadOnlySpan<byte> RewriteFirst(ReadOnlySpan<byte> message, ReadOnlySpan<int> path, ulong batch)
    {
        if (path.IsEmpty)
            return RewriteDimension(message, batch);
        ProtoWriter edited = new(message.Length + 32);
        ProtoReader reader = new(message);
        bool done = false;
        while (reader.Read())
        {
            if (!done && reader.Field == path[0])
            {
                edited.Bytes(reader.Field, RewriteFirst(reader.Payload, path[1..], batch));
                done = true;
            }
            else
            {
                edited.Raw(reader.Raw);
            }
        }

        return edited.Written;
    }

    private static ReadOnlySpan<byte> RewriteDimension(ReadOnlySpan<byte> dimension, ulong batch)
    {
        ProtoReader reader = new(dimension);
        while (reader.Read())
        {
            if (reader.Field == 1 && reader.Number == batch)
            {
                ProtoWriter symbol = new();
                symbol.Text(2, BatchSymbol);
                return symbol.Written;
            }
        }

        return dimension;
    }
}
