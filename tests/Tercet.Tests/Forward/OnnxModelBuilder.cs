using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Tercet.Tests.Forward;

/// <summary>Writes small ONNX files field by field (onnx.proto), so that the tests need no other program to make their models.</summary>
internal sealed class OnnxModelBuilder
{
    public const int FloatType = 1;
    public const int LongType = 7;
    public const int HalfType = 10;

    private readonly ArrayBufferWriter<byte> _graph = new();
    private readonly ArrayBufferWriter<byte> _properties = new();

    public OnnxModelBuilder Input(string name, int type, params object[] dimensions) => ValueInfo(11, name, type, dimensions);

    public OnnxModelBuilder Output(string name, int type, params object[] dimensions) => ValueInfo(12, name, type, dimensions);

    public OnnxModelBuilder Intermediate(string name, int type, params object[] dimensions) => ValueInfo(13, name, type, dimensions);

    public OnnxModelBuilder Weights(string name, ReadOnlySpan<float> values, params int[] dimensions) => Initializer(name, FloatType, MemoryMarshal.AsBytes(values), dimensions);

    public OnnxModelBuilder Shape(string name, params long[] values) => Initializer(name, LongType, MemoryMarshal.AsBytes<long>(values), [values.Length]);

    /// <summary>Weights that lie in another file.</summary>
    public OnnxModelBuilder ExternalWeights(string name, string file, int byteCount, params int[] dimensions)
    {
        ArrayBufferWriter<byte> tensor = TensorHead(name, FloatType, dimensions);
        foreach ((string key, string value) in new[] { ("location", file), ("offset", "0"), ("length", $"{byteCount}") })
            Message(tensor, 13, entry => { Text(entry, 1, key); Text(entry, 2, value); });
        Number(tensor, 14, 1);
        Bytes(_graph, 5, tensor.WrittenSpan);
        return this;
    }

    public OnnxModelBuilder Node(string operation, string inputs, string output, params (string Name, long Value)[] attributes)
    {
        Message(_graph, 1, node =>
        {
            foreach (string input in inputs.Split(' '))
                Text(node, 1, input);
            Text(node, 2, output);
            Text(node, 3, "node_" + output);
            Text(node, 4, operation);
            foreach ((string name, long value) in attributes)
                Message(node, 5, attribute => { Text(attribute, 1, name); Number(attribute, 3, value); Number(attribute, 20, 2); });
        });
        return this;
    }

    public OnnxModelBuilder Property(string key, string value)
    {
        Message(_properties, 14, entry => { Text(entry, 1, key); Text(entry, 2, value); });
        return this;
    }

    public byte[] Build()
    {
        ArrayBufferWriter<byte> model = new();
        Number(model, 1, 8);
        Text(model, 2, "tercet-tests");
        Text(model, 4, "tests.tercet");
        Number(model, 5, 3);
        Text(_graph, 2, "tiny");
        Bytes(model, 7, _graph.WrittenSpan);
        Message(model, 8, opset => Number(opset, 2, 17));
        model.Write(_properties.WrittenSpan);
        return model.WrittenSpan.ToArray();
    }

    private static void Number(ArrayBufferWriter<byte> to, int field, long value)
    {
        Varint(to, (ulong)field << 3);
        Varint(to, (ulong)value);
    }

    private static void Bytes(ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> value)
    {
        Varint(to, ((ulong)field << 3) | 2);
        Varint(to, (ulong)value.Length);
        to.Write(value);
    }

    private static void Text(ArrayBufferWriter<byte> to, int field, string value) => Bytes(to, field, Encoding.UTF8.GetBytes(value));

    private static void Message(ArrayBufferWriter<byte> to, int field, Action<ArrayBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> content = new();
        write(content);
        Bytes(to, field, content.WrittenSpan);
    }

    private static void Varint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.Write([(byte)(value | 0x80)]);
        to.Write([(byte)value]);
    }

    private static ArrayBufferWriter<byte> TensorHead(string name, int type, int[] dimensions)
    {
        ArrayBufferWriter<byte> tensor = new();
        foreach (int dimension in dimensions)
            Number(tensor, 1, dimension);
        Number(tensor, 2, type);
        Text(tensor, 8, name);
        return tensor;
    }

    private OnnxModelBuilder Initializer(string name, int type, ReadOnlySpan<byte> bytes, int[] dimensions)
    {
        ArrayBufferWriter<byte> tensor = TensorHead(name, type, dimensions);
        Bytes(tensor, 9, bytes);
        Bytes(_graph, 5, tensor.WrittenSpan);
        return this;
    }

    private OnnxModelBuilder ValueInfo(int field, string name, int type, object[] dimensions)
    {
        Message(_graph, field, info =>
        {
            Text(info, 1, name);
            Message(info, 2, typeProto => Message(typeProto, 1, tensor =>
            {
                Number(tensor, 1, type);
                Message(tensor, 2, shape =>
                {
                    foreach (object dimension in dimensions)
                    {
                        Message(shape, 1, proto =>
                        {
                            if (dimension is string symbol)
                                Text(proto, 2, symbol);
                            else
                                Number(proto, 1, (int)dimension);
                        });
                    }
                });
            }));
        });
        return this;
    }
}
