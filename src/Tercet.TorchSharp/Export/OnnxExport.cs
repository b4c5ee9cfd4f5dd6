using Google.Protobuf;
using Onnx;
using Tercet.Interchange;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>
/// Writes a trained network as a standard ONNX file (opset 17, the batch dimension symbolic) that computes what the module computes in evaluation mode: batch
/// normalisation by its running statistics, no dropout.
/// </summary>
/// <remarks>
/// A network is a <see cref="global::TorchSharp.Modules.Sequential"/>, possibly of further ones, of Conv2d, BatchNorm1d, BatchNorm2d, ReLU, PReLU, MaxPool2d, AvgPool2d,
/// AdaptiveAvgPool2d of one output, Flatten, Linear, Dropout, Identity, <see cref="PixelScale"/> and <see cref="L2Normalize"/>. Anything else is refused by name rather
/// than written wrongly.
/// </remarks>
public static class OnnxExport
{
    private const int Opset = 17;
    private const int IrVersion = 8;
    private const string BatchName = "batch";

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <param name="network">The network.</param>
    /// <param name="sampleShape">Shape of one sample without the batch: <c>[C, H, W]</c> or <c>[F]</c>.</param>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="options">Names and metadata; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentException">The shape is not one of these, or does not go with the options.</exception>
    /// <exception cref="NotSupportedException">The network holds a layer, or a setting of one, that is not exported; the message names it.</exception>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public static void Save(nn.Module<Tensor, Tensor> network, ReadOnlySpan<long> sampleShape, string path, OnnxExportOptions? options = null)
    {
        byte[] bytes = ToBytes(network, sampleShape, options);
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    /// <summary>The content of the file.</summary>
    /// <param name="network">The network.</param>
    /// <param name="sampleShape">Shape of one sample without the batch: <c>[C, H, W]</c> or <c>[F]</c>.</param>
    /// <param name="options">Names and metadata; <see langword="null"/> means the defaults.</param>
    /// <returns>An ONNX model.</returns>
    /// <exception cref="ArgumentException">The shape is not one of these, or does not go with the options.</exception>
    /// <exception cref="NotSupportedException">The network holds a layer, or a setting of one, that is not exported; the message names it.</exception>
    public static byte[] ToBytes(nn.Module<Tensor, Tensor> network, ReadOnlySpan<long> sampleShape, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= new OnnxExportOptions();
        if (sampleShape.Length is not (1 or 3) || sampleShape.IndexOfAnyExceptInRange(1, int.MaxValue) >= 0)
            throw new ArgumentException($"A sample is [C, H, W] or [F], not [{string.Join(", ", sampleShape.ToArray())}].", nameof(sampleShape));
        if (options.AveragedChannels != 0 && (options.AveragedChannels < 0 || sampleShape.Length != 3 || sampleShape[0] != 1))
            throw new ArgumentException($"{options.AveragedChannels} channels can be averaged for a network of one channel only.", nameof(options));

        GraphBuilder graph = new(options.InputName, isImage: sampleShape.Length == 3);
        long[] shape = sampleShape.ToArray();
        if (options.AveragedChannels > 0)
        {
            shape[0] = options.AveragedChannels;
            graph.Append("ReduceMean", [GraphBuilder.Integers("axes", [1]), GraphBuilder.Integer("keepdims", 1)]);
        }

        LayerExport.Append(graph, network, network.GetName());
        long dimension = ProbeDimension(network, sampleShape);
        graph.Finish(options.OutputName);
        graph.Graph.Name = network.GetName();
        graph.Graph.Input.Add(Describe(options.InputName, shape));
        graph.Graph.Output.Add(Describe(options.OutputName, [dimension]));

        ModelProto model = new() { IrVersion = IrVersion, ProducerName = "Tercet", Graph = graph.Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        foreach ((string key, string value) in options.Metadata)
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }

    // One sample through the module itself tells the output's length, whatever the layers' arithmetic of shapes.
    private static long ProbeDimension(nn.Module<Tensor, Tensor> network, ReadOnlySpan<long> sampleShape)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable still = no_grad();
        bool training = network.training;
        network.eval();
        try
        {
            using Tensor output = network.call(zeros([1, .. sampleShape]));
            if (output.dim() != 2)
                throw new NotSupportedException($"The network gives [{string.Join(", ", output.shape)}] for one sample; an embedder gives [1, D].");
            return output.shape[1];
        }
        finally
        {
            network.train(training);
        }
    }

    private static ValueInfoProto Describe(string name, long[] sample)
    {
        TensorShapeProto shape = new();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = BatchName });
        foreach (long size in sample)
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
