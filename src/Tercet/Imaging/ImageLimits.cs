namespace Tercet.Imaging;

/// <summary>What an <see cref="ImageDecoder"/> refuses before it takes memory for it.</summary>
public sealed record ImageLimits
{
    /// <summary>More pixels than this cannot be asked for: four bytes each must stay within one buffer.</summary>
    internal const long LargestMaxPixels = 500_000_000;

    /// <summary>The largest file that any limit can allow: it is read into one buffer.</summary>
    internal const long LargestMaxFileBytes = 1L << 30;

    /// <summary>Largest file in bytes, 1 to 2³⁰. Default 64 MiB.</summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>Most pixels of the decoded image, read from its header, 1 to 500 million. A pixel takes four bytes while the image is being used. Default 50 million.</summary>
    public long MaxPixels { get; init; } = 50_000_000;
}
