using System.Runtime.InteropServices;
using System.Text;

namespace Tercet.Forward;

/// <summary>
/// An initializer of an ONNX graph. Field numbers are those of onnx.proto: TensorProto {1 dims, 2 data_type, 4 float_data, 8 name, 9 raw_data}.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Dimensions">Its shape.</param>
/// <param name="Values">Its values; empty where they are no float32 numbers, too many, or not in the file.</param>
internal sealed record OnnxTensor(string Name, IReadOnlyList<long> Dimensions, float[] Values)
{
    private const int Float32 = 1;
    private const int MostValues = 1 << 16;

    /// <exception cref="InvalidDataException">The bytes are not a protobuf message, or end early.</exception>
    public static OnnxTensor Read(ReadOnlySpan<byte> message)
    {
        List<long> dimensions = [];
        List<float> listed = [];
        ReadOnlySpan<byte> raw = default;
        string name = "";
        ulong type = 0;
        ProtoReader tensor = new(message);
        while (tensor.Read())
        {
            switch (tensor.Field)
            {
                case 1 when tensor.Payload.IsEmpty:
                    dimensions.Add((long)tensor.Number);
                    break;
                case 1:
                    dimensions.AddRange(ProtoReader.Packed(tensor.Payload));
                    break;
                case 2:
                    type = tensor.Number;
                    break;
                case 4 when tensor.Payload.IsEmpty:
                    listed.Add(BitConverter.UInt32BitsToSingle((uint)tensor.Number));
                    break;
                case 4 when tensor.Payload.Length <= MostValues * sizeof(float):
                    listed.AddRange(MemoryMarshal.Cast<byte, float>(tensor.Payload));
                    break;
                case 8:
                    name = Encoding.UTF8.GetString(tensor.Payload);
                    break;
                case 9:
                    raw = tensor.Payload;
                    break;
            }
        }

        if (type != Float32 || raw.Length > MostValues * sizeof(float))
            return new OnnxTensor(name, dimensions, []);
        return new OnnxTensor(name, dimensions, raw.IsEmpty ? [.. listed] : MemoryMarshal.Cast<byte, float>(raw).ToArray());
    }
}
