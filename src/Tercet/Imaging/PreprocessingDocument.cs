namespace Tercet.Imaging;

/// <summary>The JSON file of a <see cref="Preprocessing"/>, field by field.</summary>
internal sealed class PreprocessingDocument
{
    public required int Width { get; init; }

    public required int Height { get; init; }

    public string? Layout { get; init; }

    public string? ChannelOrder { get; init; }

    public float[]? Mean { get; init; }

    public float[]? Scale { get; init; }

    public string? Alignment { get; init; }

    public double[]? Map { get; init; }
}
