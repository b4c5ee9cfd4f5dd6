using System.Collections.Immutable;
using System.Text.Json;

namespace Tercet.Imaging;

/// <summary>Reads a <see cref="Preprocessing"/> from a file.</summary>
internal static class PreprocessingFile
{
    internal static Preprocessing Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        try
        {
            PreprocessingDocument document = JsonSerializer.Deserialize(File.ReadAllBytes(path), PreprocessingJson.Default.PreprocessingDocument)
                ?? throw new FormatException("the file holds null");
            Preprocessing result = Convert(document);
            return result.FindFault() is { } fault ? throw new FormatException(fault) : result;
        }
        catch (Exception failure) when (failure is FormatException or JsonException)
        {
            throw new TercetException($"{path}: {failure.Message}. A description of the input looks like {{\"width\":112,\"height\":112,\"layout\":\"nchw\"}}.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TercetException($"{path}: cannot be read: {failure.Message}", failure);
        }
    }

    private static Preprocessing Convert(PreprocessingDocument document) => new()
    {
        Width = document.Width,
        Height = document.Height,
        Layout = document.Layout switch
        {
            null or "nchw" => TensorLayout.Nchw,
            "nhwc" => TensorLayout.Nhwc,
            _ => throw new FormatException($"the layout '{document.Layout}' is neither nchw nor nhwc"),
        },
        ChannelOrder = document.ChannelOrder switch
        {
            null or "rgb" => ChannelOrder.Rgb,
            "bgr" => ChannelOrder.Bgr,
            _ => throw new FormatException($"the channelOrder '{document.ChannelOrder}' is neither rgb nor bgr"),
        },
        Mean = PerChannel(document.Mean, 0),
        Scale = PerChannel(document.Scale, 1),
        Alignment = ReadAlignment(document.Alignment, document.Map),
    };

    private static ImmutableArray<float> PerChannel(float[]? values, float standard) => values switch
    {
        null => [standard, standard, standard],
        [float all] => [all, all, all],
        _ => [.. values],
    };

    private static Alignment ReadAlignment(string? name, double[]? map) => (name, map) switch
    {
        (null, null) or ("resize", null) => Alignment.Resize,
        ("center-crop", null) => Alignment.CenterCrop,
        ("dlib-chip", null) => Alignment.DlibChip,
        (null, [double a, double b, double c, double d, double e, double f]) => FromMap(new AffineMap(a, b, c, d, e, f)),
        (null, _) => throw new FormatException($"the map has {map!.Length} numbers, not 6"),
        (_, null) => throw new FormatException($"the alignment '{name}' is none of resize, center-crop and dlib-chip"),
        _ => throw new FormatException("alignment and map exclude each other"),
    };

    private static Alignment FromMap(AffineMap map) =>
        map.IsFinite ? Alignment.FromMap(map) : throw new FormatException("the map holds a number that is not finite");
}
