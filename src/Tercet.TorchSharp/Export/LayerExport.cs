using Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>Each layer's ONNX nodes.</summary>
internal static class LayerExport
{
    /// <param name="graph">Takes the nodes.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="name">Its path from the network's root, for the weights' names and for errors.</param>
    /// <exception cref="NotSupportedException">The layer, or a setting of it, is not exported.</exception>
    public static void Append(GraphBuilder graph, nn.Module layer, string name)
    {
        switch (layer)
        {
            case Sequential sequential:
                foreach ((string child, nn.Module module) in sequential.named_children())
                    Append(graph, module, $"{name}.{child}");
                break;
            case Conv2d convolution:
                AppendConvolution(graph, convolution, name);
                break;
            case NormBase norm:
                AppendNorm(graph, norm, name);
                break;
            case Linear linear:
                AppendLinear(graph, linear, name);
                break;
            case ReLU:
                graph.Append("Relu");
                break;
            case PReLU activation:
                // One slope a channel: ONNX broadcasts from the last dimension, so images need [C, 1, 1].
                graph.Append("PRelu", null, graph.AddWeight($"{name}.weight", activation.weight, graph.IsImage ? [activation.num_parameters, 1, 1] : [activation.num_parameters]));
                break;
            case MaxPool2d pool:
                Refuse(pool.ceil_mode, name, layer, "ceil_mode");
                graph.Append("MaxPool", [.. Window(pool.kernel_size, pool.stride, pool.padding), GraphBuilder.Integers("dilations", pool.dilation ?? [1, 1])]);
                break;
            case AvgPool2d pool:
                Refuse(pool.ceil_mode || pool.divisor_override is not null, name, layer, "ceil_mode or divisor_override");
                graph.Append("AveragePool", [.. Window(pool.kernel_size, pool.stride, pool.padding), GraphBuilder.Integer("count_include_pad", pool.count_include_pad ? 1 : 0)]);
                break;
            case AdaptiveAvgPool2d pool:
                Refuse(pool.output_size.Any(size => size != 1), name, layer, "an output size other than 1");
                graph.Append("GlobalAveragePool");
                break;
            case Flatten flatten:
                Refuse(flatten.start_dim != 1 || flatten.end_dim != -1, name, layer, "other dimensions than 1 to -1");
                graph.Append("Flatten", [GraphBuilder.Integer("axis", 1)]);
                graph.IsImage = false;
                break;
            case Dropout or Dropout2d or Identity:
                break;
            case PixelScale pixels:
                graph.Append("Sub", null, graph.AddScalar($"{name}.mean", pixels.Mean));
                graph.Append("Mul", null, graph.AddScalar($"{name}.scale", pixels.Scale));
                break;
            case L2Normalize:
                string least = graph.AddScalar($"{name}.epsilon", (float)L2Normalize.Epsilon);
                graph.AppendQuotient(rows => graph.AddNode("Max", [graph.AddNode("ReduceL2", [rows], [GraphBuilder.Integers("axes", [1]), GraphBuilder.Integer("keepdims", 1)]), least]));
                break;
            default:
                throw new NotSupportedException($"{name} is a {layer.GetName()}, which is not exported to ONNX.");
        }
    }

    private static void AppendConvolution(GraphBuilder graph, Conv2d layer, string name)
    {
        Refuse(layer.padding_mode != PaddingModes.Zeros, name, layer, "padding other than zeros");
        Refuse(layer.padding is null, name, layer, "padding given by name");
        long[] kernel = [layer.weight.shape[2], layer.weight.shape[3]];
        AttributeProto[] attributes =
        [
            .. Window(kernel, layer.stride, layer.padding),
            GraphBuilder.Integers("dilations", layer.dilation),
            GraphBuilder.Integer("group", layer.groups),
        ];
        string weight = graph.AddWeight($"{name}.weight", layer.weight);
        if (layer.bias is { } bias)
            graph.Append("Conv", attributes, weight, graph.AddWeight($"{name}.bias", bias));
        else
            graph.Append("Conv", attributes, weight);
    }

    private static void AppendNorm(GraphBuilder graph, NormBase layer, string name)
    {
        Refuse(layer is not (BatchNorm1d or BatchNorm2d), name, layer, "this kind of normalisation");
        if (layer.running_mean is not { } mean || layer.running_var is not { } variance)
            throw new NotSupportedException($"{name} keeps no running statistics, so it has no form that is independent of the batch.");
        using Tensor ones = torch.ones_like(mean);
        using Tensor zeros = torch.zeros_like(mean);
        graph.Append(
            "BatchNormalization",
            [GraphBuilder.Number("epsilon", (float)layer.eps)],
            graph.AddWeight($"{name}.weight", layer.weight ?? ones),
            graph.AddWeight($"{name}.bias", layer.bias ?? zeros),
            graph.AddWeight($"{name}.running_mean", mean),
            graph.AddWeight($"{name}.running_var", variance));
    }

    private static void AppendLinear(GraphBuilder graph, Linear layer, string name)
    {
        AttributeProto[] transposed = [GraphBuilder.Integer("transB", 1)];
        string weight = graph.AddWeight($"{name}.weight", layer.weight);
        if (layer.bias is { } bias)
            graph.Append("Gemm", transposed, weight, graph.AddWeight($"{name}.bias", bias));
        else
            graph.Append("Gemm", transposed, weight);
    }

    private static AttributeProto[] Window(long[] kernel, long[]? stride, long[]? padding)
    {
        long[] around = padding ?? [0, 0];
        return
        [
            GraphBuilder.Integers("kernel_shape", kernel),
            GraphBuilder.Integers("strides", stride ?? kernel),
            GraphBuilder.Integers("pads", [.. around, .. around]),
        ];
    }

    private static void Refuse(bool refused, string name, nn.Module layer, string setting)
    {
        if (refused)
            throw new NotSupportedException($"{name} is a {layer.GetName()} with {setting}, which is not exported to ONNX.");
    }
}
