using Tercet.Imaging;

namespace Tercet;

/// <summary>How one call of <see cref="EmbeddingEngine.EmbedImages"/> goes about its images.</summary>
public sealed record EmbedRun
{
    /// <summary>What to do about an image that cannot be used. Default <see cref="ImageErrorAction.Fail"/>.</summary>
    public ImageErrorAction OnError { get; init; } = ImageErrorAction.Fail;

    /// <summary>Scale every embedding to unit L2 norm (one of zeros stays as it is). Default off.</summary>
    public bool Normalize { get; init; }

    /// <summary>Images decoded at the same time, and with it the memory for pixels; 0 means one for each processor. The embeddings do not depend on it. Default 0.</summary>
    public int DecodeThreads { get; init; }

    /// <summary>
    /// One map for each path, from a pixel of the model's input to a pixel of the image, as <see cref="AffineMap.FromLandmarks"/> makes them; null for an image that is
    /// aligned as <see cref="Preprocessing.Alignment"/> says, and null altogether when all are. Default null.
    /// </summary>
    public IReadOnlyList<AffineMap?>? Maps { get; init; }

    /// <summary>Is told after each batch how many of the images are done, skipped ones included.</summary>
    public IProgress<int>? Progress { get; init; }
}
