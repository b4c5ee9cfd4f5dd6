using SkiaSharp;

namespace Tercet.Imaging;

/// <summary>
/// EXIF orientation as a map from a pixel of the upright image to a pixel as it is stored. Composed with the alignment, it turns an image without
/// moving a byte.
/// </summary>
internal static class ImageOrientation
{
    internal static bool SwapsSides(SKEncodedOrigin origin) => origin >= SKEncodedOrigin.LeftTop;

    /// <param name="origin">Where the first stored row and column belong in the upright image.</param>
    /// <param name="width">Stored width.</param>
    /// <param name="height">Stored height.</param>
    internal static AffineMap ToStored(SKEncodedOrigin origin, int width, int height)
    {
        int right = width - 1;
        int bottom = height - 1;
        return origin switch
        {
            SKEncodedOrigin.TopRight => new AffineMap(-1, 0, right, 0, 1, 0),
            SKEncodedOrigin.BottomRight => new AffineMap(-1, 0, right, 0, -1, bottom),
            SKEncodedOrigin.BottomLeft => new AffineMap(1, 0, 0, 0, -1, bottom),
            SKEncodedOrigin.LeftTop => new AffineMap(0, 1, 0, 1, 0, 0),
            SKEncodedOrigin.RightTop => new AffineMap(0, 1, 0, -1, 0, bottom),
            SKEncodedOrigin.RightBottom => new AffineMap(0, -1, right, -1, 0, bottom),
            SKEncodedOrigin.LeftBottom => new AffineMap(0, -1, right, 1, 0, 0),
            _ => AffineMap.Identity,
        };
    }
}
