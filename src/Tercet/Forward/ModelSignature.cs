using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Tercet.Imaging;

namespace Tercet.Forward;

/// <summary>The one input and the one output of an embedder, checked.</summary>
internal sealed class ModelSignature
{
    private readonly string _path;
    private readonly InferenceSession _session;

    private ModelSignature(string path, InferenceSession session, EmbedderOptions options, Preprocessing? preprocessing)
    {
        _path = path;
        _session = session;
        Input = PickInput(options.InputName);
        Output = PickOutput(options.OutputName);
        int[] dimensions = session.InputMetadata[Input.Name].Dimensions;
        FixedBatch = Math.Max(0, dimensions[0]);
        SampleShape = dimensions.Length == 4 ? ImageShape(dimensions, preprocessing) : VectorShape(dimensions);
        long length = 1;
        foreach (int size in SampleShape)
            length = Math.Min(length * size, int.MaxValue);
        if (length == 0 || length * Math.Max(options.MaxBatch, Math.Max(2, FixedBatch)) > Array.MaxLength)
            throw Unsupported($"{options.MaxBatch} samples of {length:N0} floats do not fit one buffer; lower {nameof(EmbedderOptions.MaxBatch)}.");
        InputLength = (int)length;
    }

    public TensorDescription Input { get; }

    public TensorDescription Output { get; }

    /// <summary>The declared batch; 0 means symbolic.</summary>
    public int FixedBatch { get; }

    public ImmutableArray<int> SampleShape { get; }

    public int InputLength { get; }

    /// <exception cref="UnsupportedModelException">The model is not an embedder.</exception>
    public static ModelSignature Resolve(OnnxFile file, InferenceSession session, EmbedderOptions options, Preprocessing? preprocessing) =>
        new(file.Path, session, options, preprocessing);

    /// <summary>The exception for this model: what is wrong, and all its inputs and outputs.</summary>
    public UnsupportedModelException Unsupported(string problem, Exception? cause = null) =>
        new($"{_path}: {problem} The model has the inputs {List(_session.InputMetadata)} and the outputs {List(_session.OutputMetadata)}.", cause);

    private static string List(IReadOnlyDictionary<string, NodeMetadata> nodes) => string.Join("; ", nodes.Select(node => Describe(node.Key, node.Value)));

    private static TensorDescription Describe(string name, NodeMetadata node)
    {
        if (!node.IsTensor)
            return new TensorDescription(name, node.OnnxValueType.ToString(), []);
        IEnumerable<string> dimensions = node.Dimensions.Zip(node.SymbolicDimensions, static (size, symbol) => size >= 0 ? $"{size}" : symbol.Length > 0 ? symbol : "?");
        return new TensorDescription(name, node.ElementDataType.ToString().ToLowerInvariant(), [.. dimensions]);
    }

    private TensorDescription PickInput(string? name)
    {
        IReadOnlyDictionary<string, NodeMetadata> inputs = _session.InputMetadata;
        if (name is not null && !inputs.ContainsKey(name))
            throw Unsupported($"it has no input named '{name}'.");
        if (inputs.Count != 1)
            throw Unsupported($"an embedder has one input, this model needs {inputs.Count}.");
        (string only, NodeMetadata node) = inputs.Single();
        RequireFloat(only, node, "input");
        if (node.Dimensions.Length is not (2 or 4))
            throw Unsupported($"the input '{only}' has {node.Dimensions.Length} dimensions; an image input has 4 ([batch, channels, height, width] or [batch, height, width, channels]), a vector input 2 ([batch, features]).");
        return Describe(only, node);
    }

    private TensorDescription PickOutput(string? name)
    {
        IReadOnlyDictionary<string, NodeMetadata> outputs = _session.OutputMetadata;
        if (name is not null && !outputs.ContainsKey(name))
            throw Unsupported($"it has no output named '{name}'.");
        if (name is null && outputs.Count != 1)
            throw Unsupported($"it has {outputs.Count} outputs; name the one to read in {nameof(EmbedderOptions.OutputName)}.");
        string picked = name ?? outputs.Keys.Single();
        RequireFloat(picked, outputs[picked], "output");
        return Describe(picked, outputs[picked]);
    }

    private void RequireFloat(string name, NodeMetadata node, string kind)
    {
        if (!node.IsTensor || node.ElementType != typeof(float))
            throw Unsupported($"the {kind} '{name}' is {Describe(name, node).ElementType}; only float is supported. Export the model with a float32 {kind}.");
    }

    private ImmutableArray<int> VectorShape(int[] dimensions) => dimensions[1] > 0
        ? [dimensions[1]]
        : throw Unsupported($"the length of the vector input '{Input.Name}' is not given. Export the model with a fixed number of features.");

    private ImmutableArray<int> ImageShape(int[] dimensions, Preprocessing? preprocessing)
    {
        if (preprocessing is null)
        {
            return dimensions.AsSpan(1).IndexOfAnyExceptInRange(1, int.MaxValue) < 0
                ? [.. dimensions.AsSpan(1)]
                : throw Unsupported($"the image size of the input '{Input.Name}' is not given. Give it as {nameof(EmbedderOptions.Preprocessing)} or in a sidecar file {System.IO.Path.GetFileName(_path)}.json.");
        }

        bool channelsFirst = preprocessing.Layout == TensorLayout.Nchw;
        int[] expected = channelsFirst ? [3, preprocessing.Height, preprocessing.Width] : [preprocessing.Height, preprocessing.Width, 3];
        for (int axis = 0; axis < 3; axis++)
        {
            if (expected[axis] < 1 || (dimensions[axis + 1] >= 0 && dimensions[axis + 1] != expected[axis]))
                throw Unsupported($"the preprocessing gives {(channelsFirst ? "NCHW" : "NHWC")} samples of [{string.Join(", ", expected)}], which is not what the input '{Input.Name}' takes. Correct the preprocessing.");
        }

        return [.. expected];
    }
}
