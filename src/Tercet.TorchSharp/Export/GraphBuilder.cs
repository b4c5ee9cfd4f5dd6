using Google.Protobuf;
using Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>A chain of ONNX nodes, each taking the one before it, and the weights they use.</summary>
internal sealed class GraphBuilder(string inputName, bool isImage)
{
    private string _last = inputName;
    private int _count;

    public GraphProto Graph { get; } = new();

    /// <summary>Whether the last value is [N, C, H, W] rather than [N, F].</summary>
    public bool IsImage { get; set; } = isImage;

    /// <summary>Adds a node that takes the last value and some weights, and becomes the last value itself.</summary>
    public void Append(string operation, AttributeProto[]? attributes = null, params ReadOnlySpan<string> weights) =>
        _last = AddNode(operation, [_last, .. weights], attributes);

    /// <summary>The same where the last value is also needed beside what is made of it: value / max(‖value‖, ε) and the like.</summary>
    public void AppendQuotient(Func<string, string> divisorOf)
    {
        string divisor = divisorOf(_last);
        _last = AddNode("Div", [_last, divisor]);
    }

    /// <summary>Adds a node.</summary>
    /// <returns>The name of its output.</returns>
    public string AddNode(string operation, string[] inputs, AttributeProto[]? attributes = null)
    {
        NodeProto node = new() { OpType = operation, Name = $"{operation}_{_count}" };
        string output = $"value_{_count++}";
        node.Input.Add(inputs);
        node.Output.Add(output);
        node.Attribute.Add(attributes ?? []);
        Graph.Node.Add(node);
        return output;
    }

    /// <summary>Adds a float32 weight.</summary>
    /// <returns>Its name.</returns>
    public string AddWeight(string name, Tensor weight, params long[] shape)
    {
        using IDisposable scope = NewDisposeScope();
        using Tensor dense = weight.detach().to(ScalarType.Float32).cpu().contiguous();
        TensorProto tensor = new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, RawData = ByteString.CopyFrom(dense.bytes) };
        tensor.Dims.Add(shape.Length > 0 ? shape : weight.shape);
        Graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>Adds one number as a weight.</summary>
    public string AddScalar(string name, float value)
    {
        using Tensor scalar = torch.tensor(value);
        return AddWeight(name, scalar);
    }

    /// <summary>Gives the last value the output's name.</summary>
    public void Finish(string outputName)
    {
        NodeProto identity = new() { OpType = "Identity", Name = "Output" };
        identity.Input.Add(_last);
        identity.Output.Add(outputName);
        Graph.Node.Add(identity);
    }

    public static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Number(string name, float value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    public static AttributeProto Integers(string name, IEnumerable<long> values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }
}
