using System.Security.Cryptography;
using System.Text;

namespace Tercet.Forward;

/// <summary>
/// The bytes of an ONNX file and the little that ONNX Runtime does not tell of it. Field numbers are those of onnx.proto:
/// ModelProto {1 ir_version, 7 graph, 8 opset_import}, GraphProto {5 initializer, 11 input, 15 sparse_initializer}.
/// </summary>
internal sealed class OnnxFile
{
    private OnnxFile(string path, byte[] bytes)
    {
        Path = path;
        Bytes = bytes;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    public string Path { get; }

    public byte[] Bytes { get; }

    public string Sha256 { get; }

    public long IrVersion { get; private set; }

    public long Opset { get; private set; }

    /// <summary>Names of initializers that are listed as graph inputs too, as exporters did up to IR version 3. ONNX Runtime
    /// must then take each for replaceable, and folds and fuses nothing that reads it.</summary>
    public HashSet<string> InitializerInputs { get; } = new(StringComparer.Ordinal);

    /// <exception cref="ModelFileException">The file is missing, unreadable or not ONNX.</exception>
    public static OnnxFile Read(string path)
    {
        OnnxFile file = new(System.IO.Path.GetFullPath(path), ReadBytes(path));
        try
        {
            file.ReadHeader();
        }
        catch (InvalidDataException failure)
        {
            throw new ModelFileException($"{path}: not an ONNX model, or a truncated one ({file.Bytes.Length:N0} bytes): {failure.Message} Fetch the file again and compare its SHA-256, now {file.Sha256}.", failure);
        }

        return file;
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException($"{path}: no such model file. Check the path.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path}: the model file cannot be read: {failure.Message}", failure);
        }
    }

    private void ReadHeader()
    {
        bool hasGraph = false;
        ProtoReader model = new(Bytes);
        while (model.Read())
        {
            switch (model.Field)
            {
                case 1:
                    IrVersion = (long)model.Number;
                    break;
                case 7:
                    hasGraph = true;
                    ReadGraph(model.Payload);
                    break;
                case 8:
                    ReadOpset(model.Payload);
                    break;
            }
        }

        if (!hasGraph || IrVersion <= 0)
            throw new InvalidDataException(hasGraph ? "It has no format version." : "It has no graph.");
    }

    private void ReadGraph(ReadOnlySpan<byte> bytes)
    {
        HashSet<string> initializers = new(StringComparer.Ordinal);
        ProtoReader graph = new(bytes);
        while (graph.Read())
        {
            if (graph.Field == 5)
                initializers.Add(NameOf(graph.Payload, 8));
            else if (graph.Field == 15)
                initializers.Add(NameOf(Find(graph.Payload, 1), 8));
            else if (graph.Field == 11)
                InitializerInputs.Add(NameOf(graph.Payload, 1));
        }

        InitializerInputs.IntersectWith(initializers);
    }

    private void ReadOpset(ReadOnlySpan<byte> bytes)
    {
        string domain = "";
        long version = 0;
        ProtoReader opset = new(bytes);
        while (opset.Read())
        {
            if (opset.Field == 1)
                domain = Encoding.UTF8.GetString(opset.Payload);
            else if (opset.Field == 2)
                version = (long)opset.Number;
        }

        if (domain is "" or "ai.onnx")
            Opset = version;
    }

    internal static string NameOf(ReadOnlySpan<byte> message, int field) => Encoding.UTF8.GetString(Find(message, field));

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> message, int field)
    {
        ProtoReader reader = new(message);
        while (reader.Read())
        {
            if (reader.Field == field)
                return reader.Payload;
        }

        return default;
    }
}
