using System.Text;

namespace Tercet.Forward;

/// <summary>One node of an ONNX graph. Field numbers are those of onnx.proto: NodeProto {1 input, 2 output, 4 op_type, 7 domain}.</summary>
internal sealed record OnnxNode(string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    /// <exception cref="InvalidDataException">The bytes are not a protobuf message, or end early.</exception>
    public static OnnxNode Read(ReadOnlySpan<byte> message)
    {
        List<string> inputs = [], outputs = [];
        string name = "", domain = "";
        ProtoReader node = new(message);
        while (node.Read())
        {
            switch (node.Field)
            {
                case 1:
                    inputs.Add(Encoding.UTF8.GetString(node.Payload));
                    break;
                case 2:
                    outputs.Add(Encoding.UTF8.GetString(node.Payload));
                    break;
                case 4:
                    name = Encoding.UTF8.GetString(node.Payload);
                    break;
                case 7:
                    domain = Encoding.UTF8.GetString(node.Payload);
                    break;
            }
        }

        return new OnnxNode(domain is "" or "ai.onnx" ? name : $"{domain}.{name}", inputs, outputs);
    }
}
