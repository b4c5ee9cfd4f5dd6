using System.Globalization;
using System.Runtime.InteropServices;

namespace Tercet.Forward;

/// <summary>
/// Writes PRelu over images, <c>x &gt; 0 ? x : s·x</c> with a slope for each channel, in operators that ONNX Runtime's CPU provider has vectorised. Its own kernel
/// takes a branch for each value and knows only the plain layout: of SFace's 23 ms it takes 14, and 1.5 more turn the layout and back for it.
/// </summary>
/// <remarks>
/// <c>max(x, 0) + s·min(x, 0)</c>: one of the two is zero, so that the sum rounds as the product does and finite values keep their bits. Between convolutions it is written as
/// <c>relu(x) + conv(relu(conv(x, −1)), −s)</c> with one weight a channel, which stays in the convolutions' blocked layout; elsewhere with Max and Min, since what follows would be
/// given the blocked layout too and might round otherwise.
/// </remarks>
internal static class PReluRewrite
{
    private const string Operator = "PRelu";
    private const string Prefix = "tercet_prelu_";

    // The widest block of channels of the blocked layout; other widths divide it.
    private const int Block = 16;
    private const int FirstOpsetWithBroadcasts = 8;

    // Room for what is added, so that a buffer of a large model is not doubled for it.
    private const int Room = 1 << 20;

    private const int Graph = 7;
    private const int Node = 1;
    private const int Initializer = 5;
    private const int Float32 = 1;

    /// <summary>Whether the other form is known to be faster on this processor: elsewhere the CPU provider has no blocked layout to stay in.</summary>
    public static bool IsFaster => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>The model in the other form.</summary>
    /// <returns>False where it has no such node, or is not to be read: ONNX Runtime says why better.</returns>
    public static bool TryRewrite(ReadOnlySpan<byte> model, long opset, out byte[] rewritten)
    {
        rewritten = [];
        try
        {
            return opset >= FirstOpsetWithBroadcasts && TryRewrite(model, out rewritten);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool TryRewrite(ReadOnlySpan<byte> model, out byte[] rewritten)
    {
        rewritten = [];
        List<OnnxNode> nodes = [];
        Dictionary<string, OnnxTensor> tensors = new(StringComparer.Ordinal);
        if (ReadGraphs(model, nodes, tensors) != 1 || !nodes.Exists(static node => node.Operator == Operator))
            return false;

        ProtoWriter edited = new(model.Length + Room);
        bool found = false;
        ProtoReader reader = new(model);
        while (reader.Read())
        {
            if (reader.Field == Graph)
                edited.Bytes(Graph, RewriteGraph(reader.Payload, nodes, tensors, ref found));
            else
                edited.Raw(reader.Raw);
        }

        if (found)
            rewritten = edited.Written.ToArray();
        return found;
    }

    // As many as a file holds; more than one would be merged, and is left to ONNX Runtime.
    private static int ReadGraphs(ReadOnlySpan<byte> model, List<OnnxNode> nodes, Dictionary<string, OnnxTensor> tensors)
    {
        int graphs = 0;
        ProtoReader fields = new(model);
        while (fields.Read())
        {
            if (fields.Field != Graph)
                continue;
            graphs++;
            ProtoReader graph = new(fields.Payload);
            while (graph.Read())
            {
                if (graph.Field == Node)
                    nodes.Add(OnnxNode.Read(graph.Payload));
                else if (graph.Field == Initializer && OnnxTensor.Read(graph.Payload) is { } tensor)
                    tensors[tensor.Name] = tensor;
            }
        }

        return graphs;
    }

    private static ReadOnlySpan<byte> RewriteGraph(ReadOnlySpan<byte> graph, List<OnnxNode> nodes, Dictionary<string, OnnxTensor> tensors, ref bool found)
    {
        HashSet<string> images = Images(nodes, tensors);
        HashSet<string> elsewhere = ReadOutsideConvolutions(nodes);
        ProtoWriter edited = new(graph.Length + Room);
        int next = 0;
        ProtoReader reader = new(graph);
        while (reader.Read())
        {
            OnnxNode? node = reader.Field == Node ? nodes[next++] : null;
            if (node is not { Operator: Operator, Inputs.Count: 2, Outputs.Count: 1 } || !images.Contains(node.Inputs[0]) || !tensors.TryGetValue(node.Inputs[1], out OnnxTensor? slope) || !IsOneAChannel(slope))
            {
                edited.Raw(reader.Raw);
                continue;
            }

            found = true;
            string prefix = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{next}_");
            if (slope.Values.Length % Block == 0 && !elsewhere.Contains(node.Outputs[0]))
                WriteConvolutions(edited, prefix, node, slope.Values);
            else
                WriteElementwise(edited, prefix, node);
        }

        return edited.Written;
    }

    // What has a batch, channels, and two dimensions more, as far as a convolution's weights tell. Nodes stand in an order in which they can run.
    private static HashSet<string> Images(List<OnnxNode> nodes, Dictionary<string, OnnxTensor> tensors)
    {
        HashSet<string> images = new(StringComparer.Ordinal);
        foreach (OnnxNode node in nodes)
        {
            bool isImage = node switch
            {
                { Operator: "Conv", Inputs.Count: >= 2 } => tensors.TryGetValue(node.Inputs[1], out OnnxTensor? weights) && weights.Dimensions.Count == 4,
                { Operator: "BatchNormalization" or Operator, Inputs.Count: > 0 } => images.Contains(node.Inputs[0]),
                { Operator: "Add", Inputs.Count: 2 } => images.Contains(node.Inputs[0]) && images.Contains(node.Inputs[1]),
                _ => false,
            };
            if (isImage && node.Outputs.Count > 0)
                images.Add(node.Outputs[0]);
        }

        return images;
    }

    // Inputs of other nodes than convolutions, and outputs of the last nodes: what a graph gives out, or a subgraph reads, has no convolution either.
    private static HashSet<string> ReadOutsideConvolutions(List<OnnxNode> nodes)
    {
        HashSet<string> elsewhere = new(nodes.SelectMany(static node => node.Outputs), StringComparer.Ordinal);
        elsewhere.ExceptWith(nodes.Where(static node => node.Operator == "Conv" && node.Inputs.Count > 0).Select(static node => node.Inputs[0]));
        elsewhere.UnionWith(nodes.Where(static node => node.Operator != "Conv").SelectMany(static node => node.Inputs));
        return elsewhere;
    }

    private static bool IsOneAChannel(OnnxTensor slope) =>
        slope.Dimensions.Count >= 3 && slope.Values.Length > 1 && slope.Dimensions[^3] == slope.Values.Length && slope.Dimensions.Where((_, i) => i != slope.Dimensions.Count - 3).All(static size => size == 1);

    private static void WriteConvolutions(ProtoWriter graph, string prefix, OnnxNode node, float[] slope)
    {
        float[] minusOne = new float[slope.Length], minusSlope = new float[slope.Length];
        for (int channel = 0; channel < slope.Length; channel++)
            (minusOne[channel], minusSlope[channel]) = (-1, -slope[channel]);
        WriteTensor(graph, prefix + "minus_one", minusOne, [slope.Length, 1, 1, 1]);
        WriteTensor(graph, prefix + "minus_slope", minusSlope, [slope.Length, 1, 1, 1]);
        WriteNode(graph, "Relu", [node.Inputs[0]], prefix + "above");
        WriteNode(graph, "Conv", [node.Inputs[0], prefix + "minus_one"], prefix + "minus_x", slope.Length);
        WriteNode(graph, "Relu", [prefix + "minus_x"], prefix + "below");
        WriteNode(graph, "Conv", [prefix + "below", prefix + "minus_slope"], prefix + "sloped", slope.Length);
        WriteNode(graph, "Add", [prefix + "sloped", prefix + "above"], node.Outputs[0]);
    }

    private static void WriteElementwise(ProtoWriter graph, string prefix, OnnxNode node)
    {
        WriteTensor(graph, prefix + "zero", [0], []);
        WriteNode(graph, "Max", [node.Inputs[0], prefix + "zero"], prefix + "above");
        WriteNode(graph, "Min", [node.Inputs[0], prefix + "zero"], prefix + "below");
        WriteNode(graph, "Mul", [prefix + "below", node.Inputs[1]], prefix + "sloped");
        WriteNode(graph, "Add", [prefix + "above", prefix + "sloped"], node.Outputs[0]);
    }

    // NodeProto {1 input, 2 output, 3 name, 4 op_type, 5 attribute}, AttributeProto {1 name, 3 i, 20 type}, of which 2 is a number.
    private static void WriteNode(ProtoWriter graph, string operation, ReadOnlySpan<string> inputs, string output, int group = 0)
    {
        ProtoWriter node = new();
        foreach (string input in inputs)
            node.Text(1, input);
        node.Text(2, output);
        node.Text(3, output);
        node.Text(4, operation);
        if (group > 0)
        {
            ProtoWriter attribute = new();
            attribute.Text(1, "group");
            attribute.Number(3, (ulong)group);
            attribute.Number(20, 2);
            node.Bytes(5, attribute.Written);
        }

        graph.Bytes(Node, node.Written);
    }

    private static void WriteTensor(ProtoWriter graph, string name, ReadOnlySpan<float> values, ReadOnlySpan<int> dimensions)
    {
        ProtoWriter tensor = new((values.Length * sizeof(float)) + 64);
        foreach (int dimension in dimensions)
            tensor.Number(1, (ulong)dimension);
        tensor.Number(2, Float32);
        tensor.Text(8, name);
        tensor.Bytes(9, MemoryMarshal.AsBytes(values));
        graph.Bytes(Initializer, tensor.Written);
    }
}
